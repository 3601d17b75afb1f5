"""Limits from outside: headers, refusals, parallel calls, several processes."""

import asyncio
import json
from collections import Counter

import aiohttp
import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.scaled import ScaledHub
from tests.support.waiting import eventually

SLOW = "simulator/sim-swift:ttft=700,tokens=3"
QUICK = "simulator/sim-instant"


MADE = {
    "headers": {"rpm": 10, "tpm": 5000},
    "unlimited": {},
    "three": {"rpm": 3},
    "anthropic": {"rpm": 1},
    "tokens": {"tpm": 1000},
    "parallel": {"max_parallel": 2},
    "gone": {"max_parallel": 1},
    "skipping": {},
    "addresses": {},
    "rotated": {"rpm": 3},
}


@pytest.fixture(scope="module")
def keys(hub: Hub) -> dict[str, str]:
    """A key for each test, made in one go."""
    made = hub.python(
        "import json; from llmhub.teams.keys import create_key;"
        "from llmhub.teams.models import Team;"
        "team, _ = Team.objects.get_or_create(name='Limits', slug='limits');"
        f"made = {MADE!r};"
        "print(json.dumps({n: create_key(team=team, name=n, **o)[1] for n, o in made.items()}))"
    )
    found: dict[str, str] = json.loads(made)
    hub.wait_for_key(found["rotated"])
    return found


def edit(hub: Hub, name: str, change: str) -> None:
    """Run `change` with `key`, `team`, `keys` at hand; the running hub follows."""
    hub.python(
        "from llmhub.teams import keys; from llmhub.teams.models import VirtualKey;"
        "from datetime import timedelta;"
        f"key = VirtualKey.objects.select_related('team').get(name={name!r}); team = key.team;"
        f"{change}"
    )


async def at_once(
    urls: list[str], key: str, model: str, count: int, **body: object
) -> list[tuple[int, dict[str, str], dict[str, object]]]:
    """`count` calls at the same time, spread over the URLs: status, headers, body of each."""
    message = {"role": "user", "content": "echo: hi"}

    async def one(number: int) -> tuple[int, dict[str, str], dict[str, object]]:
        url = f"{urls[number % len(urls)]}/v1/chat/completions"
        async with session.post(url, json={"model": model, "messages": [message], **body}) as got:
            return got.status, dict(got.headers), await got.json()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=bearer(key), connector=connector) as session:
        return await asyncio.gather(*map(one, range(count)))


def test_headers_tell_what_is_left(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["headers"]
    first = hub.chat(key, QUICK, max_tokens=100).headers
    assert first["x-ratelimit-limit-requests"] == "10"
    assert first["x-ratelimit-remaining-requests"] == "9"
    assert first["x-ratelimit-limit-tokens"] == "5000"
    assert 4800 < int(first["x-ratelimit-remaining-tokens"]) < 4900
    assert first["x-ratelimit-reset-requests"] in {"1m0s", *(f"59.{n}s" for n in range(900, 1000))}
    second = hub.chat(key, QUICK, max_tokens=100, stream=True).headers
    assert second["x-ratelimit-remaining-requests"] == "8"
    corrected = 5000 - int(second["x-ratelimit-remaining-tokens"])
    assert corrected < 2 * 105, "the first call's tokens were put right at its end"
    assert second["x-ratelimit-reset-requests"].endswith("s")


def test_key_without_limits_has_no_such_headers(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["unlimited"]
    assert not [h for h in hub.chat(key, QUICK).headers if h.startswith("x-ratelimit")]


def test_refusal_says_who_is_at_which_limit_and_for_how_long(
    hub: Hub, keys: dict[str, str]
) -> None:
    key = keys["three"]
    assert [hub.chat(key, QUICK).status_code for _ in range(3)] == [200] * 3
    refused = hub.chat(key, QUICK)
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    said = error["message"]
    assert said.startswith(f"The key three ({key[:12]}…) is at its limit of 3 requests a minute,")
    seconds = float(said.rpartition("retry in ")[2].removesuffix(" s."))
    assert 50 < seconds <= 60
    assert int(refused.headers["retry-after"]) in {int(seconds), int(seconds) + 1}
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    row = hub.calls(key_prefix=key[:12])[-1]
    assert (row["status"], row["error_type"], row["http_status"]) == ("error", "rate_limit", 429)


def test_anthropic_wire_refuses_in_its_own_shape(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["anthropic"]
    body = {"model": QUICK, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    for expected in (200, 429):
        answer = httpx.post(f"{hub.url}/v1/messages", headers={"x-api-key": key}, json=body)
        assert answer.status_code == expected, answer.text
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_team_limit_holds_for_its_keys_together(hub: Hub) -> None:
    keys = [hub.create_key("Together", name=f"together {n}") for n in range(2)]
    edit(hub, "together 0", "team.rpm = 3; team.save()")
    eventually(
        lambda: "x-ratelimit-limit-requests" in hub.chat(keys[0], QUICK).headers, "the limit"
    )
    answers = [hub.chat(keys[n % 2], QUICK) for n in range(4)]
    assert Counter(a.status_code for a in answers) == {200: 2, 429: 2}
    assert "The team Together is at its limit" in answers[-1].json()["error"]["message"]


async def test_tokens_are_reserved_before_the_calls(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["tokens"]
    answers = await at_once([hub.url], key, SLOW, 4, max_tokens=300)
    assert Counter(status for status, _, _ in answers) == {200: 3, 429: 1}
    (refused,) = [body for status, _, body in answers if status == 429]
    assert "1,000 tokens a minute (this call may need 3" in refused["error"]["message"]  # type: ignore[index]


async def test_parallel_calls_are_limited_and_freed(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["parallel"]
    answers = await at_once([hub.url], key, SLOW, 5)
    assert Counter(status for status, _, _ in answers) == {200: 2, 429: 3}
    (said, *_) = [body["error"]["message"] for status, _, body in answers if status == 429]  # type: ignore[index]
    assert "is at its limit of 2 calls at once, retry in 1.0 s." in said
    for _ in range(3):
        assert {status for status, _, _ in await at_once([hub.url], key, QUICK, 2)} == {200}


async def test_caller_that_goes_away_frees_its_place(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["gone"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await at_once([hub.url], key, "simulator/sim-swift:ttft=20000", 1)
    answers = lambda: hub.chat(key, QUICK).status_code == 200  # noqa: E731
    await asyncio.to_thread(eventually, answers, "a free place", 5)


def test_exhausted_deployment_is_skipped_for_the_next(hub: Hub, keys: dict[str, str]) -> None:
    hub.import_config(
        """
        [providers.simulator]
        kind = "simulator"
        [models.skipping]
        strategy = "priority"
        deployments = [
          { provider = "simulator", model = "sim-instant", priority = 1, rpm = 2 },
          { provider = "simulator", model = "sim-instant:tokens=7", priority = 2, rpm = 1 },
        ]
        """
    )
    key = keys["skipping"]
    eventually(lambda: "skipping" in hub.models(key).text, "the model")
    answers = [hub.chat(key, "skipping") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    rows = hub.calls(key_prefix=key[:12])
    used = [row["deployment"] for row in rows]
    assert used == ["simulator/sim-instant"] * 2 + ["simulator/sim-instant:tokens=7", ""]
    assert '"outcome":"skipped"' in rows[2]["attempts"]
    said = answers[-1].json()["error"]["message"]
    assert said.startswith("The deployment simulator/sim-instant is at its limit of 2 requests")


async def test_credential_takes_no_more_calls_at_once_than_it_may(
    hub: Hub, keys: dict[str, str]
) -> None:
    await asyncio.to_thread(
        hub.import_config,
        """
        [providers.narrow]
        kind = "simulator"
        max_concurrent_requests = 2
        max_retries = 0
        """,
    )
    key = keys["unlimited"]
    known = lambda: hub.chat(key, "narrow/sim-instant").status_code == 200  # noqa: E731
    await asyncio.to_thread(eventually, known, "the credential")
    answers = await at_once([hub.url], key, "narrow/sim-swift:ttft=700,tokens=3", 4)
    assert Counter(status for status, _, _ in answers) == {200: 2, 429: 2}
    assert {s for s, _, _ in await at_once([hub.url], key, "narrow/sim-instant", 2)} == {200}


def test_key_is_refused_from_addresses_it_may_not_be_used_from(
    hub: Hub, keys: dict[str, str]
) -> None:
    key = keys["addresses"]
    edit(hub, "addresses", "keys.edit_key(key, allowed_ips=['10.0.0.0/8'])")
    refused = eventually(
        lambda: (a := hub.chat(key, QUICK)).status_code == 403 and a, "the new list"
    )
    assert refused.json()["error"]["message"] == "This API key may not be used from 127.0.0.1."
    edit(hub, "addresses", "keys.edit_key(key, allowed_ips=['10.0.0.0/8', '127.0.0.1'])")
    eventually(lambda: hub.chat(key, QUICK).status_code == 200, "the newer list")


def test_rotated_key_keeps_its_limits_and_the_old_one_works_for_a_while(
    hub: Hub, keys: dict[str, str]
) -> None:
    old = keys["rotated"]
    rotate = "print(keys.rotate_key(key, grace=timedelta(hours=1)))"
    assert hub.chat(old, QUICK).status_code == 200
    new = hub.python(
        "from llmhub.teams import keys; from llmhub.teams.models import VirtualKey;"
        "from datetime import timedelta;"
        f"key = VirtualKey.objects.get(name='rotated'); {rotate}"
    ).strip()
    hub.wait_for_key(new)
    assert [hub.chat(k, QUICK).status_code for k in (new, old, new, old)] == [200, 200, 429, 429]
    edit(hub, "rotated", "keys.rotate_key(key)")
    eventually(lambda: hub.chat(old, QUICK).status_code == 401, "the end of the old key")


# --- Two processes --------------------------------------------------------------------------------


async def test_exactly_the_limit_passes_of_500_calls_in_two_processes(
    scaled_hub: ScaledHub,
) -> None:
    key = await asyncio.to_thread(scaled_hub.create_key, "Limits", name="exact", rpm=100)
    urls = [web.url for web in scaled_hub.webs]
    answers = await at_once(urls, key, QUICK, 500)
    assert Counter(status for status, _, _ in answers) == {200: 100, 429: 400}
    remaining = [int(h["x-ratelimit-remaining-requests"]) for s, h, _ in answers if s == 200]
    assert sorted(remaining) == list(range(100))


async def test_place_of_a_call_that_has_ended_is_free_in_the_other_process(
    scaled_hub: ScaledHub,
) -> None:
    key = await asyncio.to_thread(scaled_hub.create_key, "Limits", name="one", max_parallel=1)
    for number in range(20):
        web = scaled_hub.webs[number % 2]
        assert (await at_once([web.url], key, QUICK, 1))[0][0] == 200
