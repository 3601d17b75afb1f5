"""The usual chunk of a stream: one choice, and nothing in it but text.

Most of what a hub does for a stream is reading such chunks. Reading one as a whole takes twice as
long as finding out that it is one, and its text.
"""

from typing import Literal

import msgspec


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str
    role: str | None = None
    refusal: None = None
    reasoning_content: None = None
    reasoning: None = None
    tool_calls: None = None
    function_call: None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    index: Literal[0] = 0
    finish_reason: None = None


class _Chunk(msgspec.Struct, gc=False):
    """Fields that say something of the answer are named here, so that they must be empty."""

    choices: tuple[_Choice]
    usage: None = None
    error: None = None
    x_groq: None = None


_read = msgspec.json.Decoder(_Chunk).decode


def text_of(event: bytes) -> str:
    """The text of a chunk that has nothing else; "" for any other, and for what is no chunk."""
    try:
        return _read(event).choices[0].delta.content
    except ValueError:
        return ""
