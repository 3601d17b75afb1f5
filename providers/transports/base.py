"""What every transport promises.

The language inside the hub is the OpenAI wire's: a request is a chat-completions body, an answer is
a chat completion, a stream is its chunks. Each piece comes twice: as the bytes to hand on, and
parsed.

A caller that speaks another wire (Anthropic's) sends its request along as it came, as `Native`. A
transport that speaks that wire too sends it on as it is, and hands the upstream's bytes back in
`native`; the parsed pieces are in the OpenAI wire's language all the same. Other transports ignore
it, and the face translates.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from providers.registry import Target

Json = dict[str, Any]


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

    `raw` has one `data: …` block for each of `events`, each ended by a blank line. `native` holds
    the same in the caller's own wire, when the upstream speaks it. The first batch of a stream has
    the `notes` of `Reply`.
    """

    raw: bytes = b""
    events: list[Json] = field(default_factory=list)
    native: bytes | None = None
    notes: tuple[str, ...] = ()

    def drop(self, position: int) -> None:
        """Take one event out of `raw`; `events` still has it."""
        blocks = self.raw.split(b"\n\n")
        del blocks[position]
        self.raw = b"\n\n".join(blocks)


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
