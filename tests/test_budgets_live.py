"""Budgets from outside: nothing is overspent, by no number of calls, processes or fallbacks."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import aiohttp
import httpx
import pytest

from llmhub.teams import money
from llmhub.teams.leases import LEASE_S
from tests.support.hub import Hub, bearer
from tests.support.scaled import ScaledHub
from tests.support.waiting import eventually

# 20 tokens of output at $1,000 a million: each call costs exactly $0.02.
CALL = Decimal("0.02")
CONFIG = """
[providers.simulator]
kind = "simulator"
max_retries = 0
[models.priced]
deployments = [{ provider = "simulator", model = "sim-swift:ttft=150,tokens=20", \
input_cost_per_1m = 0, output_cost_per_1m = 1000 }]
[models.quick]
deployments = [{ provider = "simulator", model = "sim-swift:ttft=5,tps=5000,tokens=20", \
input_cost_per_1m = 0, output_cost_per_1m = 1000 }]
[models.endless]
deployments = [{ provider = "simulator", model = "sim-swift:ttft=90000,tokens=20", \
input_cost_per_1m = 0, output_cost_per_1m = 1000 }]
[models.failing]
fallbacks = ["capped"]
deployments = [{ provider = "simulator", model = "sim-fault-500", \
input_cost_per_1m = 0, output_cost_per_1m = 1000 }]
[models.capped]
deployments = [{ provider = "simulator", model = "sim-swift:ttft=1,tokens=20", \
input_cost_per_1m = 0, output_cost_per_1m = 1000 }]
[models.dear_first]
deployments = [
  { provider = "simulator", model = "sim-swift:ttft=1,tokens=20,tps=999", priority = 1, \
input_cost_per_1m = 0, output_cost_per_1m = 9000 },
  { provider = "simulator", model = "sim-swift:ttft=1,tokens=20", priority = 2, \
input_cost_per_1m = 0, output_cost_per_1m = 1000 },
]
"""
BUDGETS = {
    "ten": "0.2",
    "settling": "0.2",
    "streams": "0.2",
    "shape": "0.03",
    "cached": "0.02",
    "cheaper": "0.1",
    "cancelled": "1",
    "free": None,
}
MAKE = """
import json
from decimal import Decimal
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.keys import create_key
from llmhub.teams.models import Team
from providers.models import ModelMap
team, _ = Team.objects.get_or_create(name='Budgets', slug='budgets')
made = {}
for name, amount in %r.items():
    made[name] = create_key(team=team, name=name, budget_window='day',
                            budget_usd=amount and Decimal(amount))[1]
create_budget(model_map=ModelMap.objects.get(name='capped'), amount=Decimal('0.02'))
print(json.dumps(made))
"""


def prepare(hub: Hub, budgets: dict[str, str | None]) -> dict[str, str]:
    """Models with prices, and a key for each of these budgets."""
    hub.import_config(CONFIG)
    keys: dict[str, str] = json.loads(hub.python(MAKE % budgets))
    hub.wait_for_key(list(keys.values())[-1])
    return keys


@pytest.fixture(scope="module")
def keys(hub: Hub) -> dict[str, str]:
    return prepare(hub, BUDGETS)


async def calls(
    urls: list[str], key: str, model: str, count: int, **body: Any
) -> list[tuple[int, str]]:
    """`count` calls at the same time, spread over the URLs: status and text of each."""
    message = {"role": "user", "content": "go"}

    async def one(number: int) -> tuple[int, str]:
        url = f"{urls[number % len(urls)]}/v1/chat/completions"
        async with session.post(url, json={"model": model, "messages": [message], **body}) as got:
            return got.status, await got.text()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=bearer(key), connector=connector) as session:
        return await asyncio.gather(*map(one, range(count)))


def statuses(answers: list[tuple[int, str]]) -> Counter[int]:
    return Counter(status for status, _ in answers)


def spent_and_recorded(hub: Hub, key: str) -> tuple[Decimal, Decimal]:
    """What the budget of a key says is spent, and the sum of the key's records."""
    rows = hub.query(
        "select p.spent_units from teams_budgetperiod p join teams_budget b on b.id = p.budget_id"
        " join teams_virtualkey k on k.id = b.key_id where k.prefix = %s",
        key[:12],
    )
    costs = [row["cost"] for row in hub.calls(key_prefix=key[:12]) if row["cost"] is not None]
    recorded = sum(money.units(Decimal(str(cost))) for cost in costs)
    return money.usd(sum(row["spent_units"] for row in rows)), money.usd(recorded)


@pytest.mark.parametrize(("name", "stream"), [("ten", False), ("streams", True)])
async def test_hundred_calls_at_once_get_what_the_budget_pays_for(
    hub: Hub, keys: dict[str, str], name: str, stream: bool
) -> None:
    answers = await calls([hub.url], keys[name], "priced", 100, max_tokens=20, stream=stream)
    assert statuses(answers) == {200: 10, 402: 90}
    assert spent_and_recorded(hub, keys[name]) == (10 * CALL, 10 * CALL)
    assert statuses(await calls([hub.url], keys[name], "priced", 1, max_tokens=1)) == {402: 1}


async def test_calls_that_settle_below_their_reservation_make_room(
    hub: Hub, keys: dict[str, str]
) -> None:
    """Each reserves twice what it costs, so five run at once, and others wait for them."""
    answers = await calls([hub.url], keys["settling"], "quick", 100, max_tokens=40)
    assert statuses(answers) == {200: 9, 402: 91}
    spent, recorded = spent_and_recorded(hub, keys["settling"])
    assert spent == recorded == 9 * CALL
    assert Decimal("0.2") - spent < 2 * CALL, "what is left pays for no call at its largest"


def test_refusal_names_the_budget(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["shape"]
    assert hub.chat(key, "priced", max_tokens=20).status_code == 200
    refused = hub.chat(key, "priced", max_tokens=20)
    assert refused.status_code == 402
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert error["message"].startswith(
        f"The budget of the key shape ({key[:12]}…), $0.03 a day, has too little left: "
        "$0.02 is spent, and this call may cost $0.02. It begins anew on 20"
    )
    row = hub.calls(key_prefix=key[:12])[-1]
    assert (row["status"], row["error_type"], row["cost"]) == ("error", "budget_exceeded", None)


def test_kept_answer_costs_nothing_and_passes_a_spent_budget(
    hub: Hub, keys: dict[str, str]
) -> None:
    headers = {**bearer(keys["cached"]), "x-llmhub-cache": "on"}
    body = {
        "model": "priced",
        "max_tokens": 20,
        "messages": [{"role": "user", "content": "keep this"}],
    }
    url = f"{hub.url}/v1/chat/completions"
    answers = [httpx.post(url, headers=headers, json=body) for _ in range(3)]
    assert [a.status_code for a in answers] == [200] * 3
    assert [a.headers["x-llmhub-cache"] for a in answers] == ["miss", "hit", "hit"]
    assert spent_and_recorded(hub, keys["cached"]) == (CALL, CALL)
    assert hub.chat(keys["cached"], "priced", max_tokens=20).status_code == 402


def test_cheaper_deployment_is_taken_when_the_dear_one_does_not_fit(
    hub: Hub, keys: dict[str, str]
) -> None:
    answer = hub.chat(keys["cheaper"], "dear_first", max_tokens=20)
    assert answer.status_code == 200
    assert spent_and_recorded(hub, keys["cheaper"]) == (CALL, CALL)


def test_fallback_does_not_get_around_the_budget_of_its_model(
    hub: Hub, keys: dict[str, str]
) -> None:
    key = keys["free"]
    assert hub.chat(key, "failing", max_tokens=20).status_code == 200
    refused = hub.chat(key, "failing", max_tokens=20)
    assert refused.status_code == 502, "the failure of the model that was asked for"
    trail = json.loads(str(_text(hub.calls(key_prefix=key[:12])[-1]["attempts"])))
    assert [entry["outcome"] for entry in trail] == ["error", "skipped"]
    assert "The budget of the model capped, $0.02 a month, is used up" in trail[-1]["message"]
    assert hub.chat(key, "capped", max_tokens=20).status_code == 402


def _text(value: object) -> object:
    return value if isinstance(value, str) else json.dumps(value)


async def test_stream_that_its_caller_leaves_is_paid_for(hub: Hub, keys: dict[str, str]) -> None:
    key = keys["cancelled"]
    body = {
        "model": "priced",
        "stream": True,
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "a long one"}],
    }
    async with (
        aiohttp.ClientSession(headers=bearer(key)) as session,
        session.post(f"{hub.url}/v1/chat/completions", json=body) as answer,
    ):
        await answer.content.readany()
    ended = lambda: hub.calls(key_prefix=key[:12], status="cancelled")  # noqa: E731
    (row,) = await asyncio.to_thread(eventually, ended, "the end of the call")
    assert row["cost"]
    spent, recorded = spent_and_recorded(hub, key)
    assert spent == recorded > 0


# --- Two processes, and processes that die --------------------------------------------------------


def scaled_keys(hub: ScaledHub, budgets: dict[str, str | None]) -> dict[str, str]:
    keys = prepare(hub.first, budgets)
    hub.second.wait_for_key(list(keys.values())[-1])
    return keys


async def test_two_processes_spend_no_more_than_one(scaled_hub: ScaledHub) -> None:
    budgets: dict[str, str | None] = {"both": "0.2", "both settling": "0.2"}
    keys = await asyncio.to_thread(scaled_keys, scaled_hub, budgets)
    urls = [web.url for web in scaled_hub.webs]
    answers = await calls(urls, keys["both"], "priced", 100, max_tokens=20)
    assert statuses(answers) == {200: 10, 402: 90}
    assert spent_and_recorded(scaled_hub.first, keys["both"]) == (10 * CALL, 10 * CALL)
    answers = await calls(urls, keys["both settling"], "quick", 100, max_tokens=40)
    assert statuses(answers) == {200: 9, 402: 91}
    assert spent_and_recorded(scaled_hub.first, keys["both settling"]) == (9 * CALL, 9 * CALL)


@pytest.mark.slow
async def test_killed_hub_has_nothing_reserved_when_it_is_back(
    start_hub: Callable[..., Hub],
) -> None:
    """In the embedded shape, where reservations are in the memory of the process."""
    hub = await asyncio.to_thread(start_hub)
    keys = await asyncio.to_thread(prepare, hub, {"killed": "0.02"})
    key = keys["killed"]
    lost = asyncio.create_task(calls([hub.url], key, "endless", 1, max_tokens=20))
    running = lambda: hub.calls(key_prefix=key[:12], status="running")  # noqa: E731
    await asyncio.to_thread(eventually, running, "the call under way")
    refused = await asyncio.to_thread(hub.chat, key, "priced", max_tokens=20)
    assert "$0.02 reserved for calls under way" in refused.json()["error"]["message"]
    await asyncio.to_thread(hub.kill9)
    with pytest.raises(aiohttp.ClientError):
        await lost
    await asyncio.to_thread(hub.start)
    assert (await asyncio.to_thread(hub.chat, key, "priced", max_tokens=20)).status_code == 200
    assert spent_and_recorded(hub, key) == (CALL, CALL)


@pytest.mark.slow
async def test_killed_process_frees_its_reservation(scaled_hub: ScaledHub) -> None:
    """Also while it is held: the other process sees it."""
    keys = await asyncio.to_thread(scaled_keys, scaled_hub, {"killed": "0.02"})
    first, second = scaled_hub.webs
    key = keys["killed"]

    def status() -> int:
        return first.chat(key, "priced", max_tokens=20).status_code

    lost = asyncio.create_task(calls([second.url], key, "endless", 1, max_tokens=20))
    running = lambda: first.calls(key_prefix=key[:12], status="running")  # noqa: E731
    await asyncio.to_thread(eventually, running, "the call under way")
    refused = await asyncio.to_thread(first.chat, key, "priced", max_tokens=20)
    assert "$0.02 reserved for calls under way" in refused.json()["error"]["message"]
    await asyncio.to_thread(second.kill9)
    with pytest.raises(aiohttp.ClientError):
        await lost
    freed = lambda: status() == 200  # noqa: E731
    await asyncio.to_thread(eventually, freed, "the end of the reservation", LEASE_S + 10)
    await asyncio.to_thread(second.start)
    spent, recorded = spent_and_recorded(first, key)
    assert spent == recorded == CALL
