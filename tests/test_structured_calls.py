"""JSON schemas asked of an upstream that knows of none."""

import json

import pytest

from tests.support.hub import Hub
from tests.support.waiting import eventually

FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "river",
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "km": {"type": "number"}},
            "required": ["name", "km"],
        },
    },
}
FITS = 'echo: ```json\n{"name": "Elbe", "km": 1094}\n```'


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    hub.import_config(
        """
        [models.sim-schemaless]
        deployments = [
            { provider = "simulator", model = "sim-swift:tps=0,ttft=0", capabilities = ["chat"] }
        ]
        """
    )
    key = hub.create_key("Structured")
    eventually(lambda: "sim-schemaless" in hub.models(key).text, "the new model")
    return key


@pytest.mark.parametrize("stream", [False, True])
def test_answer_is_the_bare_json(hub: Hub, key: str, stream: bool) -> None:
    answer = hub.chat(key, "sim-schemaless", FITS, response_format=FORMAT, stream=stream)
    assert answer.status_code == 200, answer.text
    if stream:
        events = [json.loads(e[6:]) for e in answer.text.split("\n\n") if e.startswith("data: {")]
        text = "".join(
            e["choices"][0]["delta"].get("content") or "" for e in events if e["choices"]
        )
        assert answer.text.endswith("data: [DONE]\n\n")
    else:
        text = answer.json()["choices"][0]["message"]["content"]
    assert json.loads(text) == {"name": "Elbe", "km": 1094}


def test_answer_that_does_not_fit_twice_is_a_clear_error(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "sim-schemaless", "echo: no json here", response_format=FORMAT)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "structured_output"
