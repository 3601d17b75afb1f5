"""JSON that fits a schema, from models that only promise text."""

import time
from typing import Any

import orjson
import pytest

from llmhub.core.errors import ValidationError
from llmhub.gateway import structured
from llmhub.gateway.structured import StructuredOutputError, Unfit, native_or_prompted, read
from llmhub.gateway.validation import schemas
from providers.transports.base import Reply

PLACE: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
RIGHT = '{"city": "Paris", "people": 2}'
WRONG = '{"city": "Paris", "people": -1}'


def body(schema: Any = PLACE, **more: Any) -> dict[str, Any]:
    format_ = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    asked = {"role": "user", "content": "Where?"}
    return {"model": "m", "messages": [asked], "response_format": format_, **more}


def reply(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    said = {"role": "assistant", "content": text, **message}
    data = {
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
    }
    return Reply(orjson.dumps(data), data)


class Model:
    """Answers with what it was given, one after the other, and remembers what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, asked: dict[str, Any]) -> Reply:
        self.asked.append(asked)
        return self._replies.pop(0)


async def complete(model: Model, schema: Any = PLACE) -> Reply:
    sent, wanted = native_or_prompted(body(schema), frozenset({"chat"}))
    assert wanted is not None
    return await structured.complete(sent, wanted, model)


# --- Who sees to the schema ----------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", [frozenset({"chat", "json_schema"}), frozenset(), None])
def test_upstream_with_schemas_or_unknown_gets_the_request_as_it_is(
    capabilities: frozenset[str] | None,
) -> None:
    request = body()
    assert native_or_prompted(request, capabilities) == (request, None)


@pytest.mark.parametrize("format_", [None, {"type": "text"}, {"type": "json_object"}])
def test_requests_without_a_schema_are_left_alone(format_: Any) -> None:
    request = {**body(), "response_format": format_}
    assert native_or_prompted(request, frozenset({"chat"})) == (request, None)


def test_schema_becomes_an_instruction() -> None:
    request = body(stream=True, stream_options={}, n=2, temperature=0.5)
    sent, wanted = native_or_prompted(request, frozenset({"chat"}))
    assert wanted is not None
    assert wanted.schema == PLACE
    assert set(sent) == {"model", "messages", "temperature"}
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert orjson.dumps(PLACE).decode() in sent["messages"][0]["content"]
    assert len(request["messages"]) == 1, "the caller's request was changed"


def test_instruction_joins_the_system_message_that_is_there() -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "x"}]
    sent, _ = native_or_prompted(body(messages=messages), frozenset({"chat"}))
    assert len(sent["messages"]) == 2
    assert sent["messages"][0]["content"].startswith("Be kind.\n\n")


# --- The call ------------------------------------------------------------------------------------


async def test_answer_that_fits_comes_back_as_bare_json() -> None:
    model = Model(reply(f"Here you are:\n```json\n{RIGHT}\n```\nAnything else?"))
    answer = await complete(model)
    content = answer.data["choices"][0]["message"]["content"]
    assert orjson.loads(content) == {"city": "Paris", "people": 2}
    assert orjson.loads(answer.raw) == answer.data
    assert len(model.asked) == 1


async def test_answer_that_does_not_fit_is_repaired_once() -> None:
    model = Model(reply(WRONG), reply(RIGHT))
    answer = await complete(model)
    assert orjson.loads(answer.data["choices"][0]["message"]["content"])["people"] == 2
    said, again = model.asked[1]["messages"][-2:]
    assert said == {"role": "assistant", "content": WRONG}
    assert "$.people: -1 is less than the minimum of 0" in again["content"]


async def test_both_calls_are_counted() -> None:
    answer = await complete(Model(reply(WRONG), reply(RIGHT)))
    assert answer.data["usage"]["total_tokens"] == 30
    assert answer.data["usage"]["prompt_tokens_details"] == {"cached_tokens": 8}
    assert orjson.loads(answer.raw)["usage"] == answer.data["usage"]


@pytest.mark.parametrize("second", [WRONG, "no idea", "", None])
async def test_second_misfit_is_a_clear_error(second: str | None) -> None:
    with pytest.raises(StructuredOutputError, match="does not fit the schema") as refused:
        await complete(Model(reply("no idea"), reply(second)))
    assert (refused.value.status, refused.value.retriable) == (502, False)


async def test_answer_that_was_cut_off_is_not_asked_for_again() -> None:
    model = Model(reply('{"city": "Par', "length"))
    with pytest.raises(StructuredOutputError, match="max_tokens"):
        await complete(model)
    assert len(model.asked) == 1


@pytest.mark.parametrize("message", [{"tool_calls": [{"id": "1"}]}, {"refusal": "I won't"}])
async def test_tool_calls_and_refusals_are_answers_too(message: dict[str, Any]) -> None:
    came = reply(None, **message)
    assert await complete(Model(came)) is came


# --- Finding the JSON ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"\n {RIGHT} \n",
        f"```json\n{RIGHT}\n```",
        f"```\n{RIGHT}\n```",
        f"Sure! {RIGHT} Hope that helps.",
        f"<think>maybe {{}} or {WRONG}?</think>\n{RIGHT}",
        f"The schema wants {{city, people}}. So: {RIGHT}",
        f"```json\n{WRONG}\n```\nNo, wait:\n```json\n{RIGHT}\n```",
    ],
)
def test_json_is_found_in_all_its_wrappings(text: str) -> None:
    assert read(text, PLACE) == {"city": "Paris", "people": 2}


@pytest.mark.parametrize("text", ["", "no", "{", "[" * 100_000, '{"city": NaN, "people": 1}'])
def test_text_without_json_says_so(text: str) -> None:
    with pytest.raises(Unfit, match="there is no JSON"):
        read(text, PLACE)


def test_values_other_than_objects_fit_their_schemas() -> None:
    assert read("[1, 2]", {"type": "array", "items": {"type": "integer"}}) == [1, 2]
    assert read('"yes"', {"enum": ["yes", "no"]}) == "yes"
    assert read("null", {"type": "null"}) is None


# --- Schemas from outside ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "thing"},
        {"type": "object", "properties": []},
        {"minimum": "low"},
        {"description": "x" * 100_001},
    ],
)
def test_what_is_no_schema_is_refused_by_name(schema: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        native_or_prompted(body(schema), frozenset({"chat"}))
    assert refused.value.param == "response_format.json_schema.schema"


def test_definitions_inside_the_schema_are_followed() -> None:
    for draft, name in (("draft-07/schema#", "definitions"), ("draft/2020-12/schema", "$defs")):
        schema = {
            "$schema": f"http{'s' if '2020' in draft else ''}://json-schema.org/{draft}",
            name: {"node": {"type": "object", "properties": {"next": {"$ref": f"#/{name}/node"}}}},
            "$ref": f"#/{name}/node",
        }
        schemas.check(schema)
        assert schemas.problems({"next": {"next": {}}}, schema) == []
        assert schemas.problems({"next": {"next": 5}}, schema) != []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/schema.json", "file:///etc/passwd", "#/$defs/none", "other.json"]
)
def test_nothing_is_fetched_for_a_schema(url: str) -> None:
    with pytest.raises(ValidationError, match="not in it"):
        schemas.problems({}, {"$ref": url})


def _doubling(levels: int) -> dict[str, Any]:
    refs = {f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**refs, f"l{levels}": {"type": "string"}}, "$ref": "#/$defs/l0"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#"}, {}),
        (_doubling(40), 5),
        ({"items": {"anyOf": [{"const": n} for n in range(5000)]}}, [4999] * 5000),
    ],
)
def test_schema_that_would_take_for_ever_is_given_up(schema: dict[str, Any], value: Any) -> None:
    started = time.perf_counter()
    with pytest.raises(ValidationError, match="too complex"):
        schemas.problems(value, schema)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 60 + "!"),
        (
            {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
            {"a" * 60 + "!": 1},
        ),
        ({"uniqueItems": True}, [{"n": n} for n in range(20_000)]),
    ],
)
def test_costly_keywords_take_no_time(schema: dict[str, Any], value: Any) -> None:
    started = time.perf_counter()
    assert schemas.problems(value, schema) == []
    assert time.perf_counter() - started < 5


def test_unique_items_are_checked() -> None:
    schema = {"uniqueItems": True}
    same = [{"a": 1, "b": 2}, {"b": 2, "a": 1}]
    assert schemas.problems(same, schema) == ["$: the items are not unique"]
