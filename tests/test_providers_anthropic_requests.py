"""Chats as Anthropic's Messages requests: what each generation of Claude is and is not sent."""

from typing import Any

import pytest

from llmhub.core.errors import ValidationError
from providers import registry
from providers.models import Credential
from providers.prices import UNKNOWN, Price
from providers.registry import Target
from providers.transports.anthropic_models import generation
from providers.transports.anthropic_requests import Built, built
from providers.transports.anthropic_schemas import strict

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
HELLO = [{"role": "user", "content": "Hello"}]


def request(model: str = "claude-sonnet-4-5", price: Price = UNKNOWN, **call: Any) -> Built:
    row = Credential(name="claude", kind="anthropic", api_key="key")
    target = Target(None, "claude/x", registry.open_access(row), model, price)
    return built(target, {"model": "public", "messages": HELLO, **call})


def left_out(sent: Built) -> list[str]:
    return sent.notes[0].partition(": ")[2].split(", ") if sent.notes else []


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("claude-3-5-sonnet-20241022", (3, 5)),
        ("claude-3-opus-20240229", (3, 0)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-opus-4-1-20250805", (4, 1)),
        ("claude-haiku-4-5-20251001", (4, 5)),
        ("claude-opus-4.7", (4, 7)),
        ("anthropic/claude-4.7-opus", (4, 7)),
        ("claude-sonnet-5", (5, 0)),
        ("claude-fable-5-1", (5, 1)),
        ("claude-tomorrow", (99, 0)),
        ("sim-thinker", (0, 0)),
    ],
)
def test_a_models_generation_is_read_from_its_name(model: str, version: tuple[int, int]) -> None:
    assert generation(model).version == version


# --- the limit --------------------------------------------------------------------------------


def test_max_tokens_is_the_callers_then_the_models_then_a_usual_one() -> None:
    known = Price(max_output=64000)
    assert request(price=known, max_tokens=5).body["max_tokens"] == 5
    assert request(price=known, max_completion_tokens=6).body["max_tokens"] == 6
    assert request(price=known).body["max_tokens"] == 64000
    assert request().body["max_tokens"] == 4096


# --- thinking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "configured"),
    [
        ("claude-3-5-haiku-latest", "high", None, None),
        ("claude-sonnet-4-5", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-opus-4-6", "high", "adaptive", "high"),
        ("claude-opus-4-6", "xhigh", "adaptive", "high"),
        ("claude-opus-4-6", "max", "adaptive", "max"),
        ("claude-opus-4-8", "xhigh", "adaptive", "xhigh"),
        ("claude-sonnet-5", "minimal", "adaptive", "low"),
        ("claude-opus-4-8", "none", None, None),
        ("claude-sonnet-5", "none", {"type": "disabled"}, None),
        ("claude-fable-5", "none", None, "low"),
        ("claude-tomorrow", "medium", "adaptive", "medium"),
    ],
)
def test_an_effort_becomes_what_the_generation_knows(
    model: str, effort: str, thinking: Any, configured: str | None
) -> None:
    body = request(model, reasoning_effort=effort).body
    if thinking == "adaptive":
        thinking = {"type": "adaptive", "display": "summarized"}
    assert body.get("thinking") == thinking
    assert (body.get("output_config") or {}).get("effort") == configured


def test_a_thinking_budget_stays_within_the_callers_limit() -> None:
    body = request(reasoning_effort="high", max_tokens=4000).body
    assert body["thinking"]["budget_tokens"] == 2000
    assert body["max_tokens"] == 4000


def test_there_is_no_thinking_where_there_is_no_room_for_it() -> None:
    sent = request(reasoning_effort="high", max_tokens=1500)
    assert "thinking" not in sent.body
    assert left_out(sent) == ["reasoning_effort"]


def test_room_for_thinking_is_added_to_a_limit_that_is_a_guess() -> None:
    body = request(reasoning_effort="medium").body
    assert body["thinking"]["budget_tokens"] == 8192
    assert body["max_tokens"] == 4096 + 8192


def test_thinking_does_not_go_on_from_an_unsigned_tool_call() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    ]
    unsigned = request(reasoning_effort="low", messages=messages, tools=[TOOL])
    assert left_out(unsigned) == ["reasoning_effort"]
    messages[1]["thinking_blocks"] = [{"type": "thinking", "thinking": "Hm", "signature": "s"}]
    signed = request(reasoning_effort="low", messages=messages, tools=[TOOL])
    assert signed.body["thinking"]["type"] == "enabled"


def test_the_callers_own_thinking_passes() -> None:
    own = {"type": "enabled", "budget_tokens": 1234}
    assert request(thinking=own, reasoning_effort="high").body["thinking"] == own


def test_unsigned_thinking_is_not_sent_back() -> None:
    answer = {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "Hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm"}],
    }
    body = request(messages=[*HELLO, answer, *HELLO]).body
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Hi"}]


# --- sampling, tools, form --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "sent", "without"),
    [
        ("claude-3-5-haiku-latest", {"temperature": 0.5, "top_p": 0.9}, []),
        ("claude-sonnet-4-5", {"temperature": 0.5}, ["top_p"]),
        ("claude-opus-4-8", {}, ["temperature", "top_p"]),
    ],
)
def test_sampling_is_sent_where_it_is_taken(
    model: str, sent: dict[str, float], without: list[str]
) -> None:
    found = request(model, temperature=0.5, top_p=0.9)
    names = ("temperature", "top_p")
    assert {name: found.body[name] for name in names if name in found.body} == sent
    assert left_out(found) == without


def test_the_default_temperature_is_no_wish() -> None:
    sent = request("claude-opus-4-8", temperature=1, top_p=1)
    assert not sent.notes
    assert "temperature" not in sent.body


def test_a_tool_is_forced_where_the_model_can_be_forced() -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    forced = request(tools=[TOOL], tool_choice=choice)
    assert forced.body["tool_choice"] == {"type": "tool", "name": "f"}
    free = request("claude-opus-5-5", tools=[TOOL], tool_choice=choice)
    assert "tool_choice" not in free.body
    assert left_out(free) == ["tool_choice"]


def test_a_forced_tool_and_thinking_do_not_go_together() -> None:
    sent = request("claude-sonnet-5", tools=[TOOL], tool_choice="required", reasoning_effort="low")
    assert sent.body["thinking"] == {"type": "disabled"}
    assert left_out(sent) == ["reasoning_effort (a tool is forced)"]


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        ("auto", None, None),
        ("none", None, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("auto", False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("none", False, {"type": "none"}),
    ],
)
def test_tool_choices(choice: Any, parallel: bool | None, sent: Any) -> None:
    body = request(tools=[TOOL], tool_choice=choice, parallel_tool_calls=parallel).body
    assert body.get("tool_choice") == sent


def test_tools_of_anthropics_own_pass() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    assert request(tools=[search]).body["tools"] == [search]


def test_a_strict_tool_is_strict_where_that_is_known() -> None:
    tool = {"type": "function", "function": {**TOOL["function"], "strict": True}}
    assert request(tools=[tool]).body["tools"][0]["strict"] is True
    assert "strict" not in request("claude-opus-4-1", tools=[tool]).body["tools"][0]


def test_json_without_a_schema_is_asked_for_in_words() -> None:
    body = request(response_format={"type": "json_object"}).body
    assert "JSON object" in body["system"][0]["text"]


def test_a_schema_beside_tools_is_one_of_them() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    sent = request("claude-opus-4-1", tools=[TOOL], response_format=form)
    assert [tool["name"] for tool in sent.body["tools"]] == ["f", "answer"]
    assert sent.body["tool_choice"] == {"type": "any"}
    assert sent.json_tool == "answer"


def test_a_schema_is_closed_and_what_is_not_enforced_is_told() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "description": "Count"},
            "when": {"type": "string", "format": "date"},
            "who": {"oneOf": [{"$ref": "#/$defs/p"}, {"type": "null"}]},
            "all": {"type": "array", "items": {"type": "object"}, "minItems": 3},
        },
        "$defs": {"p": {"type": "object", "additionalProperties": True}},
    }
    assert strict(schema) == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "n": {"type": "integer", "description": "Count (minimum: 1)"},
            "when": {"type": "string", "format": "date"},
            "who": {"anyOf": [{"$ref": "#/$defs/p"}, {"type": "null"}]},
            "all": {
                "type": "array",
                "items": {"type": "object", "additionalProperties": False},
                "description": "(minItems: 3)",
            },
        },
        "$defs": {"p": {"type": "object", "additionalProperties": False}},
    }


# --- messages ---------------------------------------------------------------------------------


def test_turns_alternate_and_begin_with_the_user() -> None:
    messages = [
        {"role": "system", "content": "A"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "One"},
        {"role": "developer", "content": "B"},
        {"role": "user", "content": "Two"},
        {"role": "user", "content": ""},
    ]
    body = request(messages=messages).body
    assert [block["text"] for block in body["system"]] == ["A", "B"]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert [block["text"] for block in body["messages"][2]["content"]] == ["One", "Two"]


def test_results_come_before_words_of_the_same_turn() -> None:
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in ("a", "b")
    ]
    messages = [
        *HELLO,
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "user", "content": "Hm"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    ]
    last = request(messages=messages).body["messages"][-1]
    assert [block["type"] for block in last["content"]] == ["tool_result", "tool_result", "text"]


def test_only_a_system_message_gets_a_users_turn() -> None:
    body = request(messages=[{"role": "system", "content": "Say hello."}]).body
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "."}]}]


def test_an_answer_to_go_on_from_ends_in_no_space() -> None:
    body = request(messages=[*HELLO, {"role": "assistant", "content": "The answer is "}]).body
    assert body["messages"][-1]["content"][0]["text"] == "The answer is"


def test_files_are_documents() -> None:
    pdf = "data:application/pdf;base64,QQ=="
    parts = [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": pdf}},
        {"type": "file", "file": {"file_data": "data:text/plain;charset=utf-8;base64,SGk="}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ]
    content = request(messages=[{"role": "user", "content": parts}]).body["messages"][0]["content"]
    assert [block["source"]["type"] for block in content] == ["base64", "text", "file"]
    assert content[0]["title"] == "a.pdf"
    assert content[1]["source"]["data"] == "Hi"


def test_sound_is_refused_by_name() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}
    with pytest.raises(ValidationError, match=r"messages\[0\]\.content\[0\]"):
        request(messages=[{"role": "user", "content": [part]}])


def test_functions_of_old_are_tools() -> None:
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "done"},
    ]
    sent = request(functions=[TOOL["function"]], function_call={"name": "f"}, messages=messages)
    assert sent.legacy
    assert sent.body["tool_choice"]["name"] == "f"
    use = sent.body["messages"][1]["content"][0]
    result = sent.body["messages"][2]["content"][0]
    assert use["id"] == result["tool_use_id"]


def test_cache_marks_stay_where_they_were_put() -> None:
    mark = {"type": "ephemeral"}
    messages = [
        {"role": "system", "content": "Long", "cache_control": mark},
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": mark}]},
    ]
    tool = {**TOOL, "cache_control": mark}
    body = request(messages=messages, tools=[tool]).body
    assert body["system"][0]["cache_control"] == mark
    assert body["messages"][0]["content"][0]["cache_control"] == mark
    assert body["tools"][0]["cache_control"] == mark


def test_what_has_no_counterpart_is_left_out_with_a_note() -> None:
    sent = request(n=2, seed=4, logprobs=True, frequency_penalty=0, store=False, top_k=5)
    assert left_out(sent) == ["logprobs", "n", "seed"]
    assert sent.body["top_k"] == 5
    assert sent.body.keys() == {"model", "max_tokens", "messages", "top_k"}
