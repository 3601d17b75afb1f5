"""An answer as the segments that follow one another in it: reasoning, text, tool calls.

Chunks of chat completions have no such order written into them, but the events of Anthropic's
Messages and of OpenAI's Responses have: each segment is opened, added to and closed before the
next. `Segments` finds them in a stream, `of_answer` in a whole answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from llmhub.gateway.answers import piece

Kind = Literal["reasoning", "text", "tool_call"]


@dataclass(slots=True)
class Segment:
    """One segment. A tool call's text is the JSON of its arguments.

    `signature` is the seal that some models put on their reasoning; they want it back with it.
    """

    kind: Kind
    index: int
    tool_id: str = ""
    tool_name: str = ""
    signature: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that has been added so far."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Opened:
    segment: Segment


@dataclass(frozen=True, slots=True)
class Added:
    segment: Segment
    text: str


@dataclass(frozen=True, slots=True)
class Signed:
    segment: Segment


@dataclass(frozen=True, slots=True)
class Closed:
    segment: Segment


Step = Opened | Added | Signed | Closed


class Segments:
    """Takes a stream's chunks and gives the steps that they make."""

    def __init__(self) -> None:
        self.all: list[Segment] = []
        self.finish_reason = ""
        self.stop_sequence: str | None = None
        self.model = ""
        self._open: Segment | None = None
        self._tools: dict[int, Segment] = {}
        self._nameless: dict[int, list[dict[str, Any]]] = {}

    def take(self, chunk: dict[str, Any]) -> Iterator[Step]:
        """The steps of one chunk."""
        self.model = self.model or chunk.get("model") or ""
        choices = chunk.get("choices")
        if not choices:
            return
        choice = choices[0]
        delta = choice.get("delta") or {}
        added = piece(chunk)
        if added and added.reasoning:
            yield from self._add("reasoning", added.reasoning)
        if signed := delta.get("thinking_blocks"):
            yield from self._sign(signed)
        if added:
            if added.text:
                yield from self._add("text", added.text)
            for call in added.tool_calls:
                yield from self._tool_call(call)
        if refusal := delta.get("refusal"):
            yield from self._add("text", refusal)
        self._note_end(choice)

    def finish(self) -> Iterator[Step]:
        """The last steps, when no chunk is left."""
        for waiting in self._nameless.values():
            yield from self._open_tool(waiting)
        self._nameless.clear()
        yield from self._close()

    def _note_end(self, choice: dict[str, Any]) -> None:
        if reason := choice.get("finish_reason"):
            self.finish_reason = reason
        stopped_at = choice.get("stop_reason")  # vLLM's and others' name for it
        if isinstance(stopped_at, str):
            self.stop_sequence = stopped_at

    def _add(self, kind: Kind, text: str) -> Iterator[Step]:
        segment = self._open
        if segment is None or segment.kind != kind:
            yield from self._close()
            segment = self._begin(Segment(kind, len(self.all)))
            yield Opened(segment)
        segment.pieces.append(text)
        yield Added(segment, text)

    def _sign(self, blocks: list[dict[str, Any]]) -> Iterator[Step]:
        """Signed blocks repeat the reasoning that has come; the signature is what is new."""
        segment = self._open
        signature = next((b["signature"] for b in blocks if b.get("signature")), "")
        if segment is not None and segment.kind == "reasoning" and signature:
            segment.signature = signature
            yield Signed(segment)

    def _tool_call(self, delta: dict[str, Any]) -> Iterator[Step]:
        """A call is opened when its name is known; what comes before that is kept back."""
        index = delta["index"]
        segment = self._tools.get(index)
        if segment is not None:
            if delta["arguments"]:
                segment.pieces.append(delta["arguments"])
                yield Added(segment, delta["arguments"])
            return
        waiting = self._nameless.setdefault(index, [])
        waiting.append(delta)
        if delta["name"]:
            yield from self._open_tool(self._nameless.pop(index))

    def _open_tool(self, deltas: list[dict[str, Any]]) -> Iterator[Step]:
        yield from self._close()
        segment = self._begin(Segment("tool_call", len(self.all)))
        segment.tool_id = next((d["id"] for d in deltas if d["id"]), "")
        segment.tool_name = next((d["name"] for d in deltas if d["name"]), "")
        self._tools[deltas[0]["index"]] = segment
        yield Opened(segment)
        if arguments := "".join(delta["arguments"] for delta in deltas):
            segment.pieces.append(arguments)
            yield Added(segment, arguments)

    def _begin(self, segment: Segment) -> Segment:
        self._open = segment
        self.all.append(segment)
        return segment

    def _close(self) -> Iterator[Step]:
        if self._open is not None:
            closed, self._open = self._open, None
            yield Closed(closed)


def of_answer(completion: dict[str, Any]) -> Segments:
    """The segments of a whole chat completion."""
    segments = Segments()
    for choice in (completion.get("choices") or ())[:1]:
        chunk = {**completion, "choices": [{**choice, "delta": choice.get("message") or {}}]}
        for _ in segments.take(chunk):
            pass
    for _ in segments.finish():
        pass
    return segments
