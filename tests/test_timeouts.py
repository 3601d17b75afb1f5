"""How long is waited: the four limits of a credential, and what a caller says for one call."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from llmhub.core.errors import ValidationError
from llmhub.gateway import timeouts
from llmhub.gateway.timeouts import CallTimeouts
from providers.registry import Timeouts
from tests.support import silent
from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

SLOW = "sim-swift:slow=60"
STALLED = "sim-swift:stall=60,ttft=0,tps=0"
ENDLESS = "sim-swift:ttft=0,tps=5,tokens=1000"
SHORT_S = 0.6
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def silent_port() -> Iterator[int]:
    with silent.silent_port() as port:
        yield port


@pytest.fixture(scope="module")
def key(hub: Hub, silent_port: int) -> str:
    limits = {
        "connect": f"options = {{ connect_timeout_seconds = {SHORT_S} }}",
        "first_token": f"options = {{ first_token_timeout_seconds = {SHORT_S} }}",
        "idle": f"options = {{ idle_timeout_seconds = {SHORT_S} }}",
        "total": f"timeout_seconds = {SHORT_S}",
        "stream": f"options = {{ stream_timeout_seconds = {SHORT_S} }}",
        "patient": "timeout_seconds = 60",
    }
    hub.import_config(
        "\n".join(
            f'[providers.wait_{name}]\nkind = "simulator"\nmax_retries = 0\n{limit}'
            + (f'\nbase_url = "http://127.0.0.1:{silent_port}/v1"' if name == "connect" else "")
            for name, limit in limits.items()
        )
        + '\n[providers.wait_again]\nkind = "simulator"\nmax_retries = 5'
        + '\n[models.wait-slow]\nfallbacks = ["wait_again/sim-instant"]\n'
        + f'deployments = [{{ provider = "wait_again", model = "{SLOW}" }}]'
    )
    key = hub.create_key("Timeouts")
    eventually(lambda: "wait_again" not in hub.chat(key, "wait_again/sim-instant").text, "them")
    return key


def ask(hub: Hub, key: str, model: str, *, header: str = "", **body: Any) -> httpx.Response:
    """A chat answered within a generous time, however long the upstream takes."""
    return httpx.post(
        f"{hub.url}/v1/chat/completions",
        headers=bearer(key) | ({"x-llmhub-timeout": header} if header else {}),
        json={"model": model, "messages": [{"role": "user", "content": "Hello"}], **body},
        timeout=PATIENCE_S,
    )


def last_event(answer: httpx.Response) -> dict[str, Any]:
    """What the stream's last event says of its failure."""
    assert "[DONE]" not in answer.text
    found: dict[str, Any] = json.loads(answer.text.strip().rpartition("data: ")[2])
    return found["error"]


def record_of(hub: Hub, answer: httpx.Response) -> dict[str, Any]:
    number = answer.headers["x-request-id"]
    column = number if hub.database.startswith("postgres") else number.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


# --- The credential's limits ----------------------------------------------------------------------


def test_connecting_is_bounded(hub: Hub, key: str) -> None:
    answer = ask(hub, key, "wait_connect/sim-swift")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
    assert "its limit for connect" in answer.json()["error"]["message"]


def test_first_token_is_waited_for_no_longer_than_its_limit(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_first_token/{SLOW}", stream=True)
    assert answer.status_code == 504
    assert "its limit for first_token" in answer.json()["error"]["message"]


def test_silence_within_a_stream_ends_it(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_idle/{STALLED}", stream=True)
    assert answer.status_code == 200
    assert "its limit for idle" in last_event(answer)["message"]
    assert record_of(hub, answer)["status"] == "interrupted"


def test_plain_answer_is_bounded_as_a_whole(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_total/{STALLED}")
    assert answer.status_code == 504
    assert "its limit for total" in answer.json()["error"]["message"]


def test_stream_that_never_ends_is_ended(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_stream/{ENDLESS}", stream=True)
    assert "its limit for stream" in last_event(answer)["message"]


# --- The caller's ---------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"header": f"{SHORT_S}"}, {"timeout": SHORT_S}])
@pytest.mark.parametrize("stream", [False, True])
def test_caller_bounds_the_whole_call(hub: Hub, key: str, given: Any, stream: bool) -> None:
    answer = ask(hub, key, f"wait_patient/{SLOW}", stream=stream, **given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
    assert f"longer than the {SHORT_S} s that its caller gave it" in answer.text
    row = record_of(hub, answer)
    assert (row["status"], row["error_type"], row["http_status"]) == ("error", "timeout", 504)
    assert "the time that the caller gave the call is over" in row["attempts"]


def test_caller_bounds_a_stream_that_has_begun(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_patient/{ENDLESS}", stream=True, header="1.5")
    assert answer.status_code == 200
    assert last_event(answer)["code"] == "timeout"
    assert record_of(hub, answer)["status"] == "interrupted"


def test_caller_bounds_single_waits(hub: Hub, key: str) -> None:
    answer = ask(hub, key, f"wait_patient/{SLOW}", stream=True, header=f"first_token={SHORT_S}")
    assert "its limit for first_token" in answer.json()["error"]["message"]
    answer = ask(hub, key, f"wait_patient/{STALLED}", stream=True, timeout={"idle": SHORT_S})
    assert "its limit for idle" in last_event(answer)["message"]


def test_time_of_a_call_covers_its_retries(hub: Hub, key: str) -> None:
    answer = ask(hub, key, "wait_again/sim-swift:fault=500,slow=0", header="2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
    tried = json.loads(record_of(hub, answer)["attempts"])
    assert 1 <= len(tried) < 6
    assert answer.headers["x-llmhub-attempts"] == str(len(tried))


def test_impatient_callers_do_not_put_a_deployment_to_rest(hub: Hub, key: str) -> None:
    for _ in range(5):  # at rest, it would be left out and the fallback would answer
        assert ask(hub, key, "wait-slow", header="0.3").status_code == 504


def test_timeout_is_not_sent_to_the_upstream(hub: Hub, key: str, simulator: Simulator) -> None:
    model = "sim-instant:tokens=5,jitter=0.31"
    assert ask(hub, key, f"wait_patient/{model}", timeout=20, user="u").status_code == 200
    sent = httpx.get(f"{simulator.url}/_sim/last", params={"model": model}).json()
    assert "user" in sent["body"]
    assert "timeout" not in sent["body"]


def test_official_sdk_sends_it_as_an_extra_field(hub: Hub, key: str) -> None:
    with (
        openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.chat.completions.create(
            model=f"wait_patient/{SLOW}",
            messages=[{"role": "user", "content": "Hello"}],
            extra_body={"timeout": SHORT_S},
        )
    assert caught.value.status_code == 504


def test_header_counts_on_the_other_wires_too(hub: Hub, key: str) -> None:
    for path, body in (
        ("responses", {"input": "Hello"}),
        ("completions", {"prompt": "Hello"}),
        ("messages", {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}),
    ):
        answer = httpx.post(
            f"{hub.url}/v1/{path}",
            headers=bearer(key) | {"x-llmhub-timeout": str(SHORT_S)},
            json={"model": f"wait_patient/{SLOW}", **body},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 504, path


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"header": "soon"}, "x-llmhub-timeout is 'soon'; it takes seconds"),
        ({"header": "0"}, "x-llmhub-timeout must be more than 0"),
        ({"header": "nan"}, "x-llmhub-timeout must be more than 0"),
        ({"header": "patience=3"}, "names 'patience'; it knows connect, first_token, idle, total"),
        ({"timeout": "30"}, "timeout must be seconds"),
        ({"timeout": -1}, "timeout must be more than 0"),
        ({"timeout": {"idle": True}}, "timeout must be seconds"),
    ],
)
def test_wrong_timeout_is_refused_by_name(hub: Hub, key: str, given: Any, says: str) -> None:
    answer = ask(hub, key, "wait_patient/sim-instant", **given)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert answer.json()["error"]["param"] in {"timeout", "x-llmhub-timeout"}


def test_caller_can_only_wait_less() -> None:
    allowed = Timeouts(connect=5, first_token=20, idle=10, total=60)
    asked = timeouts.of_header("connect=1, first_token=100, idle=100")
    assert asked.within(allowed) == Timeouts(connect=1, first_token=20, idle=10, total=60)
    assert timeouts.of_value(12) == CallTimeouts(total=12)
    with pytest.raises(ValidationError):
        timeouts.of_value([1])
