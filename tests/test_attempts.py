"""`x-llmhub-attempts` and the trail: what counts as asking an upstream, and what is passed by."""

import json
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub
from tests.support.waiting import eventually

FAILING = "sim-instant:fault=503,tokens=41"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    config = f"""
        [providers.tried]
        kind = "simulator"
        max_retries = 0
        [providers.tried_narrow]
        kind = "simulator"
        max_retries = 1
        max_concurrent_requests = 1
        [providers.tried_off]
        kind = "simulator"
        enabled = false
        [models.tried-off]
        deployments = [
          {{ provider = "tried_off", model = "sim-instant" }},
          {{ provider = "tried", model = "sim-instant", priority = 2 }},
        ]
        [models.tried-resting]
        deployments = [
          {{ provider = "tried", model = "{FAILING}" }},
          {{ provider = "tried", model = "sim-instant", priority = 2 }},
        ]
        [models.tried-last]
        deployments = [{{ provider = "tried", model = "{FAILING},jitter=0.1" }}]
    """
    for number in (0, 1):
        config += f"""
        [models.tried-limited-{number}]
        deployments = [
          {{ provider = "tried", model = "sim-instant:tokens=5{number}", rpm = 1 }},
          {{ provider = "tried", model = "sim-instant:tokens=6{number}", priority = 2, rpm = 1 }},
        ]
        """
    hub.import_config(config)
    key = hub.create_key("Attempts")
    eventually(lambda: hub.chat(key, "tried/sim-instant").status_code == 200, "the models")
    return key


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and number of attempts."""
    return answer.status_code, answer.headers["x-llmhub-attempts"]


def trail(hub: Hub, answer: httpx.Response) -> list[tuple[str, str]]:
    """Deployment and outcome of what the record lists."""

    def recorded() -> bool:
        return hub.calls(id=number)[0]["status"] != "running"

    number = answer.headers["x-request-id"].replace("-", "")
    eventually(recorded, "the record")
    entries: list[dict[str, Any]] = json.loads(hub.calls(id=number)[0]["attempts"])
    return [(entry["deployment"], entry["outcome"]) for entry in entries]


def test_credential_that_is_switched_off_is_neither_asked_nor_listed(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "tried-off")
    assert told(answer) == (200, "1")
    assert trail(hub, answer) == [("tried/sim-instant", "success")]


def test_deployment_at_rest_is_neither_asked_nor_listed(hub: Hub, key: str) -> None:
    answers = [hub.chat(key, "tried-resting") for _ in range(4)]
    assert [told(answer) for answer in answers] == [(200, "2")] * 3 + [(200, "1")]
    failed, worked = (f"tried/{FAILING}", "error"), ("tried/sim-instant", "success")
    assert [trail(hub, answer) for answer in answers[2:]] == [[failed, worked], [worked]]


def test_deployment_at_rest_is_asked_if_there_is_no_other(hub: Hub, key: str) -> None:
    assert [told(hub.chat(key, "tried-last")) for _ in range(5)] == [(502, "1")] * 5


@pytest.mark.parametrize("stream", [False, True])
def test_deployment_at_its_limit_is_listed_and_does_not_count(
    hub: Hub, key: str, stream: bool
) -> None:
    model = f"tried-limited-{stream:d}"
    first, second = (f"tried/sim-instant:tokens={n}{stream:d}" for n in (5, 6))
    answers = [hub.chat(key, model, stream=stream) for _ in range(3)]
    assert [told(answer) for answer in answers] == [(200, "1"), (200, "1"), (429, "0")]
    assert [trail(hub, answer) for answer in answers] == [
        [(first, "success")],
        [(first, "skipped"), (second, "success")],
        [(first, "skipped"), (second, "skipped")],
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_failed_attempt_makes_room_for_the_next(hub: Hub, key: str, stream: bool) -> None:
    model = f"tried_narrow/sim-instant:fault=500,times=1,tokens=7{stream:d}"
    answer = hub.chat(key, model, stream=stream)
    assert told(answer) == (200, "2")
    assert [outcome for _, outcome in trail(hub, answer)] == ["error", "success"]
    assert told(hub.chat(key, model)) == (200, "1"), "the place is free again"
