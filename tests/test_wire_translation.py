"""The pure parts of the wires: segments, native answers, vectors, logprobs."""

import base64
import json
import struct
from typing import Any

import pytest

from llmhub.api.wires.anthropic import message, requests
from llmhub.api.wires.anthropic.events import ChatEvents
from llmhub.api.wires.anthropic.native import NativeEvents, with_cost
from llmhub.api.wires.openai.completion_texts import Texts, to_chat
from llmhub.api.wires.openai.embeddings import recoded
from llmhub.api.wires.segments import Added, Closed, Opened, Segments, of_answer
from llmhub.core.errors import ValidationError
from llmhub.usage.records import Record
from providers.transports.base import Batch


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def tool_delta(index: int, arguments: str = "", name: str = "", id_: str = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id_ or None, "function": function}


def steps_of(*chunks: dict[str, Any]) -> list[str]:
    """The steps of a stream, each as a few letters: o0:text, +0:word, c0."""
    segments = Segments()
    steps = [step for one in chunks for step in segments.take(one)] + list(segments.finish())
    said = []
    for step in steps:
        match step:
            case Opened(segment):
                said.append(f"o{segment.index}:{segment.kind}{segment.tool_name}")
            case Added(segment, text):
                said.append(f"+{segment.index}:{text}")
            case Closed(segment):
                said.append(f"c{segment.index}")
    return said


def record() -> Record:
    return Record(
        source="api", operation="chat", stream=True, model="public", input_tokens=9, output_tokens=3
    )


# --- Segments ------------------------------------------------------------------------------------


def test_reasoning_text_and_tools_follow_one_another() -> None:
    assert steps_of(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="hm"),
        chunk(content="a"),
        chunk(content="b"),
        chunk(tool_calls=[tool_delta(0, name="f", id_="1")]),
        chunk(tool_calls=[tool_delta(0, '{"x":')]),
        chunk(tool_calls=[tool_delta(0, "1}")]),
        chunk(finish="tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 1}},
    ) == [
        *("o0:reasoning", "+0:hm", "c0"),
        *("o1:text", "+1:a", "+1:b", "c1"),
        *("o2:tool_callf", '+2:{"x":', "+2:1}", "c2"),
    ]


def test_whole_tool_calls_in_one_chunk_are_segments_each() -> None:
    calls = [tool_delta(0, "{}", "f", "1"), tool_delta(1, "[]", "g", "2")]
    assert steps_of(chunk(tool_calls=calls)) == [
        *("o0:tool_callf", "+0:{}", "c0"),
        *("o1:tool_callg", "+1:[]", "c1"),
    ]


def test_arguments_wait_for_the_name() -> None:
    assert steps_of(
        chunk(tool_calls=[tool_delta(0, '{"a"')]),
        chunk(tool_calls=[tool_delta(0, ":1}", "f", "1")]),
    ) == ["o0:tool_callf", '+0:{"a":1}', "c0"]
    assert steps_of(chunk(tool_calls=[tool_delta(0, "{}")])) == ["o0:tool_call", "+0:{}", "c0"]


def test_refusal_is_text() -> None:
    assert steps_of(chunk(refusal="I can't")) == ["o0:text", "+0:I can't", "c0"]


def test_nothing_is_no_segment() -> None:
    assert steps_of(chunk(role="assistant", content=""), chunk(finish="stop")) == []


def test_whole_answer_has_the_same_segments() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = {"content": "a", "reasoning_content": "hm", "tool_calls": [call]}
    answer = of_answer(
        {"model": "m", "choices": [{"message": said, "finish_reason": "tool_calls"}]}
    )
    assert [segment.kind for segment in answer.all] == ["reasoning", "text", "tool_call"]
    assert (answer.model, answer.finish_reason) == ("m", "tool_calls")
    assert of_answer({"choices": []}).all == []


# --- Anthropic -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("", "end_turn"),
    ],
)
def test_finish_reasons_have_their_counterparts(finish: str, reason: str) -> None:
    answer = of_answer({"choices": [{"message": {"content": "x"}, "finish_reason": finish}]})
    assert message.stop(answer, [])["stop_reason"] == reason


def test_stop_sequence_is_named_when_the_upstream_tells_it() -> None:
    choice = {"message": {"content": "x"}, "finish_reason": "stop", "stop_reason": "END"}
    answer = of_answer({"choices": [choice]})
    assert message.stop(answer, ["END"]) == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert message.stop(answer, [])["stop_reason"] == "end_turn"


def test_broken_arguments_are_an_empty_input() -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": '{"a": '}}
    answer = of_answer({"choices": [{"message": {"tool_calls": [call]}}]})
    assert message.block(answer.all[0])["input"] == {}


def test_cached_tokens_are_not_counted_twice() -> None:
    kept = record()
    kept.input_tokens, kept.cached_input_tokens = 100, 80
    usage = message.usage(kept)
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (20, 80)


def test_empty_stream_is_still_a_message() -> None:
    events = ChatEvents(record(), 9, [], with_cost=False)
    sent = events.of_batch(Batch(chunks=[chunk(finish="stop")])) + events.finished()
    names = [line for line in sent.decode().split("\n") if line.startswith("event: ")]
    assert names == ["event: message_start", "event: message_delta", "event: message_stop"]


def test_signature_of_reasoning_is_kept_with_it() -> None:
    events = ChatEvents(record(), 9, [], with_cost=False)
    signed = [{"type": "thinking", "thinking": "hm", "signature": "s1"}]
    chunks = [chunk(reasoning_content="hm"), chunk(thinking_blocks=signed), chunk(content="a")]
    sent = events.of_batch(Batch(chunks=chunks)).decode()
    assert '"delta":{"type":"signature_delta","signature":"s1"}' in sent
    assert sent.index("signature_delta") < sent.index("content_block_stop")
    said = {"content": "a", "reasoning_content": "hm", "thinking_blocks": signed}
    whole = of_answer({"choices": [{"message": said}]})
    assert message.block(whole.all[0]) == signed[0]


def test_unsigned_thinking_is_not_sent_to_anthropic() -> None:
    said = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "a"}]
    signed = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    body = {
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": said},
            {"role": "assistant", "content": signed},
        ]
    }
    sent = requests.without_unsigned_thinking(body)
    assert [m["content"] for m in sent["messages"]] == ["x", said[1:], signed]
    assert body["messages"][1]["content"] == said, "the caller's own request was changed"


def test_blocks_without_counterpart_are_refused_unless_an_upstream_knows_them() -> None:
    blocks = [{"type": "container_upload", "file_id": "f"}, {"type": "text", "text": "x"}]
    body = {"model": "m", "messages": [{"role": "user", "content": blocks}]}
    with pytest.raises(ValidationError, match=r"messages\.0\.content\.0"):
        requests.to_chat(body, strict=True)
    lenient = requests.to_chat(body, strict=False)
    assert lenient["messages"] == [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(
    ("thinking", "effort", "becomes"),
    [
        ({"type": "disabled"}, None, None),
        ({"type": "enabled", "budget_tokens": 1024}, None, "low"),
        ({"type": "enabled", "budget_tokens": 8000}, None, "medium"),
        ({"type": "enabled", "budget_tokens": 32000}, None, "high"),
        ({"type": "adaptive"}, None, None),
        ({"type": "adaptive"}, "max", "high"),
    ],
)
def test_thinking_becomes_an_effort(
    thinking: dict[str, Any], effort: str | None, becomes: str | None
) -> None:
    body = {
        "thinking": thinking,
        "output_config": {"effort": effort},
        "messages": [{"role": "user", "content": "x"}],
    }
    assert requests.to_chat(body, strict=True).get("reasoning_effort") == becomes


# --- Answers in Anthropic's own bytes ------------------------------------------------------------

TEXT = b'event: content_block_delta\ndata: {"delta":{"text":"event: message_stop"}}\n\n'
DELTA = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":3}}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize(
    "batches", [[TEXT, DELTA, STOP], [TEXT + DELTA + STOP], [TEXT + DELTA, STOP]]
)
def test_native_bytes_go_out_as_they_are_but_the_end_waits(batches: list[bytes]) -> None:
    events = NativeEvents(record(), with_cost=False)
    sent = b"".join(events.of_batch(Batch(native=batch)) for batch in batches)
    assert sent == TEXT + DELTA
    assert events.finished() == STOP


def test_native_usage_waits_too_when_the_cost_is_wanted() -> None:
    events = NativeEvents(record(), with_cost=True)
    assert events.of_batch(Batch(native=TEXT + DELTA)) == TEXT
    assert events.of_batch(Batch(native=STOP)) == b""
    ending = events.finished()
    assert ending.endswith(STOP)
    usage = json.loads(ending.split(b"data: ")[1].split(b"\n")[0])["usage"]
    assert usage == {"output_tokens": 3, "cost": None}


def test_native_answer_gets_its_cost() -> None:
    assert json.loads(with_cost(b'{"usage":{"a":1}}', record()))["usage"] == {"a": 1, "cost": None}


# --- Completions and embeddings ------------------------------------------------------------------


def test_completion_fields_become_those_of_a_chat() -> None:
    body = {"model": "m", "prompt": "x", "logprobs": 2, "echo": True, "best_of": 3, "seed": 1}
    assert to_chat(body, "x") == {
        "model": "m",
        "seed": 1,
        "logprobs": True,
        "top_logprobs": 2,
        "messages": [{"role": "user", "content": "x"}],
    }


def test_logprobs_go_on_counting_from_chunk_to_chunk() -> None:
    texts = Texts(first_index=4)

    def logprobs(token: str) -> dict[str, Any]:
        top = [{"token": token, "logprob": -0.5}]
        content = [{"token": token, "logprob": -0.5, "top_logprobs": top}]
        choice = {"index": 0, "delta": {"content": token}, "logprobs": {"content": content}}
        (written,) = texts.delta({"choices": [choice]})
        assert written["index"] == 4
        return dict(written["logprobs"])

    assert logprobs("Hello")["text_offset"] == [0]
    assert logprobs(" you") == {
        "tokens": [" you"],
        "token_logprobs": [-0.5],
        "top_logprobs": [{" you": -0.5}],
        "text_offset": [5],
    }


def test_vectors_are_brought_into_the_encoding_asked_for() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
    as_floats = {"model": "m", "data": [{"index": 0, "embedding": [0.5, -1.0]}]}
    as_base64 = {"model": "m", "data": [{"index": 0, "embedding": packed}]}
    assert recoded(as_floats, as_base64=True) == as_base64
    assert recoded(as_base64, as_base64=False) == as_floats
    assert recoded(as_floats, as_base64=False) is as_floats
    assert recoded(as_base64, as_base64=True) is as_base64
