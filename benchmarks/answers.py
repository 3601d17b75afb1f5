"""What a complete and right answer is. Every answer is checked, after the clock has stopped."""

from dataclasses import dataclass
from typing import Any

import orjson

DONE = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Expected:
    """The text of the answer; for a stream also how many chunks bring it (None: not streamed)."""

    text: str
    chunks: int | None = None


def problem(body: bytes, expected: Expected, *, chunked: bool) -> str:
    """What is wrong with an answer's body, in a few words; "" if nothing is."""
    try:
        content = unchunked(body) if chunked else body
        if expected.chunks is None:
            return _problem_of_reply(content, expected)
        return _problem_of_stream(content, expected)
    except (ValueError, LookupError, TypeError) as error:
        return f"not readable ({type(error).__name__})"


def unchunked(body: bytes) -> bytes:
    """The content of a body in chunked transfer coding (RFC 9112, 7.1). Raises ValueError."""
    parts: list[bytes] = []
    place = 0
    while True:
        line_end = body.index(b"\r\n", place)
        size = int(body[place:line_end], 16)
        start, end = line_end + 2, line_end + 2 + size
        if body[end : end + 2] != b"\r\n":
            raise ValueError("a chunk has another length than it says")
        if size == 0:
            if end + 2 != len(body):
                raise ValueError("bytes after the last chunk")
            return b"".join(parts)
        parts.append(body[start:end])
        place = end + 2


def text_of_reply(content: bytes) -> str:
    """The answer's text in a chat completion. Raises ValueError or LookupError."""
    choice = orjson.loads(content)["choices"][0]
    if choice["finish_reason"] != "stop":
        raise ValueError("not finished")
    return str(choice["message"]["content"])


def texts_of_stream(content: bytes) -> list[str]:
    """The text of each chunk that has some. Raises ValueError unless the stream is complete."""
    events = [event[6:] for event in content.split(b"\n\n") if event.startswith(b"data: ")]
    if not events or events[-1] != DONE:
        raise ValueError("no [DONE] at the end")
    choices = [_choice(orjson.loads(event)) for event in events[:-1]]
    if not any(choice.get("finish_reason") == "stop" for choice in choices):
        raise ValueError("not finished")
    deltas = (choice.get("delta") or {} for choice in choices)
    return [text for delta in deltas if (text := delta.get("content"))]


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    choices = event.get("choices")
    return choices[0] if choices else {}


def _problem_of_reply(content: bytes, expected: Expected) -> str:
    return "" if text_of_reply(content) == expected.text else "another text"


def _problem_of_stream(content: bytes, expected: Expected) -> str:
    texts = texts_of_stream(content)
    if "".join(texts) != expected.text:
        return "another text"
    if len(texts) != expected.chunks:
        return f"{len(texts)} chunks, not {expected.chunks}"
    return ""
