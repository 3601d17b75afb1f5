"""What every transport promises.

The language inside the hub is the OpenAI wire's: a request is a chat-completions body, an answer is
a chat completion, a stream is its chunks. Each piece comes twice: as the bytes to hand on, and
parsed.

A caller that speaks another wire (Anthropic's) sends its request along as it came, as `Native`. A
transport that speaks that wire too sends it on as it is, and hands the upstream's bytes back in
`native`; the parsed pieces are in the OpenAI wire's language all the same. Other transports ignore
it, and the face translates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from providers.registry import Target

Json = dict[str, Any]
Chunk = Json | str
"""One that brings nothing but text may be that text."""
_DATA = b"data: "
_BLANK_LINE = b"\n\n"


@dataclass(frozen=True, slots=True)
class Native:
    """A request in the caller's own wire ("anthropic"), with the headers that belong to it."""

    wire: str
    body: Json
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Reply:
    """A whole answer. `notes` say what of the request the upstream was not sent, and why."""

    raw: bytes
    data: Json
    native: bytes | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Batch:
    """The chunks of a stream that arrived together: as server-sent events, and parsed.

    `raw` has one `data: …` block for each of `chunks`, each ended by a blank line. `native` holds
    the same in the caller's own wire, when the upstream speaks it. The first batch of a stream has
    the `notes` of `Reply`.
    """

    raw: bytes = b""
    chunks: Sequence[Chunk] = ()
    native: bytes | None = None
    notes: tuple[str, ...] = ()

    @property
    def events(self) -> list[Json]:
        """Every chunk as an object."""
        blocks = self.raw.split(_BLANK_LINE)
        return [
            orjson.loads(blocks[position][len(_DATA) :]) if isinstance(chunk, str) else chunk
            for position, chunk in enumerate(self.chunks)
        ]

    def without(self, position: int) -> "Batch":
        """The same, less one chunk."""
        chunks = [*self.chunks[:position], *self.chunks[position + 1 :]]
        if position == len(chunks):  # the usual one
            raw = self.raw[: self.raw.rfind(_BLANK_LINE, 0, -len(_BLANK_LINE)) + 2]
            return Batch(raw if chunks else b"", chunks, self.native, self.notes)
        blocks = self.raw.split(_BLANK_LINE)
        del blocks[position]
        return Batch(_BLANK_LINE.join(blocks), chunks, self.native, self.notes)


class ReplyStream(Protocol):
    """A stream whose first batch has arrived."""

    async def next(self) -> Batch | None:
        """The next batch, None after the last one.

        Raises StreamInterruptedError when the upstream breaks off before it has finished.
        """

    def close(self) -> None:
        """Cancel the upstream call. May be called at any time and more than once."""


class Transport(Protocol):
    """One way to reach upstreams. Raises errors of LLMHubError's tree, nothing else."""

    async def complete(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> Reply: ...

    async def stream(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> ReplyStream: ...
