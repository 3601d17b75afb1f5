"""Streams of OpenAI's wire, cut anywhere: the same chunks come out, read as text or as a whole."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.gateway.answers import Assembled
from providers.transports.base import Batch
from providers.transports.plain_chunks import text_of
from providers.transports.sse import EventReader, MalformedStreamError

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
USAGE = {**HEAD, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
END = {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None}


def plain(text: str, **choice: Any) -> dict[str, Any]:
    """A chunk of text; `choice` adds to its choice."""
    return {**HEAD, "choices": [{"index": 0, "delta": {"content": text}, **choice}]}


texts = st.text(max_size=12).map(plain)
others = st.sampled_from(
    [
        USAGE,
        END,
        plain("of another", index=1),
        plain("last", finish_reason="length"),
        {**HEAD, "choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]},
        {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {**HEAD, "choices": [{"index": 0, "delta": {"content": "x", "tool_calls": [{}]}}]},
        {"error": {"message": "no"}},
    ]
)
between = st.sampled_from(["\n\n", "\r\n\r\n", "\n\n: keep-alive\n\n", "\nid: 4\n\n"])


@given(
    st.lists(st.tuples(st.one_of(texts, others), between), min_size=1, max_size=12),
    st.booleans(),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_whatever_way_a_stream_is_cut(
    events: list[tuple[dict[str, Any], str]], with_end: bool, cuts: list[int]
) -> None:
    stream = "".join(f"data: {json.dumps(event)}{gap}" for event, gap in events).encode()
    if with_end:
        stream += b'data: [DONE]\n\ndata: {"after": "the end"}\n\n'
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = EventReader()
    batches = [reader.feed(stream[a:b]) for a, b in pairwise(places)]
    found = [batch for batch in [*batches, reader.finish()] if batch]
    sent = [event for event, _ in events]
    assert [event for batch in found for event in batch.events] == sent
    blocks = b"".join(batch.raw for batch in found).decode().split("\n\n")
    assert [json.loads(block[6:]) for block in blocks if block] == sent
    assert reader.done is with_end

    by_text, whole = Assembled(), Assembled()
    for batch in found:
        by_text.add_all(batch.chunks)
    whole.add_all(sent)
    assert (by_text.text, by_text.id, by_text.usage, by_text.finish_reason, by_text.calls) == (
        whole.text,
        whole.id,
        whole.usage,
        whole.finish_reason,
        whole.calls,
    )


def test_answer_has_its_id_though_the_first_event_has_none() -> None:
    """Azure begins with what it found in the prompt."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    sent = [first, plain("a"), plain("b"), END]
    answer = Assembled()
    reader = EventReader()
    for event in sent:
        if batch := reader.feed(b"data: %s\n\n" % json.dumps(event).encode()):
            answer.add_all(batch.chunks)
    assert (answer.id, answer.model, answer.text) == ("chatcmpl-1", "m", "ab")


def test_text_is_read_as_text_and_nothing_else_is() -> None:
    assert text_of(json.dumps(plain("ü\n")).encode()) == "ü\n"
    assert text_of(json.dumps(plain("a", logprobs={"content": []})).encode()) == "a"
    assert text_of(json.dumps({**plain("a"), "x": [1]}).encode()) == "a"
    for other in (
        END,
        USAGE,
        plain(""),
        plain("a", index=1),
        plain("a", finish_reason="stop"),
        {**plain("a"), "usage": {"prompt_tokens": 1}},
        {**plain("a"), "error": {"message": "no"}},
        {**plain("a"), "x_groq": {"usage": {}}},
        {**HEAD, "choices": [plain("a")["choices"][0], plain("b")["choices"][0]]},
        {**HEAD, "choices": [{"delta": {"content": "a", "annotations": []}}]},
        {**HEAD, "choices": [{"delta": {"content": ["a"]}}]},
        [],
        "a",
    ):
        assert text_of(json.dumps(other).encode()) == "", other
    assert text_of(b"{") == text_of(b"") == text_of(b"\xff") == ""


@pytest.mark.parametrize("event", ["[]", '"text"', "3", "{", "nonsense"])
def test_what_is_no_chunk_is_refused(event: str) -> None:
    good = f"data: {json.dumps(plain('a'))}\n\n"
    with pytest.raises(MalformedStreamError):
        EventReader().feed(f"{good}data: {event}\n\n{good}".encode())


@pytest.mark.parametrize("position", [0, 1, 2])
def test_batch_without_a_chunk(position: int) -> None:
    sent = [END, plain("a"), USAGE]
    batch = EventReader().feed(b"".join(b"data: %s\n\n" % json.dumps(e).encode() for e in sent))
    assert batch is not None
    less = batch.without(position)
    del sent[position]
    assert less.events == sent
    assert less.raw == b"".join(b"data: %s\n\n" % json.dumps(e).encode() for e in sent)
    assert Batch(b"data: {}\n\n", [{}]).without(0).raw == b""
