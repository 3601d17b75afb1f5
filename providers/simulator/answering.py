"""From a question to a reply: tool calls, JSON or words, within the limits that were set."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from .abilities import able_answer
from .conversation import Ask
from .reply import Reply, ToolCall, Usage
from .schema_instances import Hints, json_instance
from .speech import filler, prose, reasoning
from .tokens import split_tokens
from .tool_use import tool_calls
from .topics import names_in, numbers_in, topic_of


def reply_to(ask: Ask, choice: int = 0) -> Reply:
    """The answer to `ask`. `choice` counts the answers of one request."""
    calls = tool_calls(ask) if ask.tools else ()
    reply = Reply(
        reasoning=split_tokens(reasoning(ask, choice)) if ask.options.thinks else (),
        answer=() if calls else _answer(ask, choice),
        tool_calls=calls,
        finish="tool_calls" if calls else "stop",
    )
    return _limited(_stopped(reply, ask.options.stop), ask.options.max_tokens)


def usage_of(ask: Ask, replies: Iterable[Reply]) -> Usage:
    """What `ask` and all its replies come to."""
    counted = tuple(replies)
    input_tokens = ask.input_tokens()
    return Usage(
        input=input_tokens,
        output=sum(reply.tokens for reply in counted),
        cached=min(ask.target.cached_tokens, input_tokens),
        reasoning=sum(len(reply.reasoning) for reply in counted),
    )


def _answer(ask: Ask, choice: int) -> tuple[str, ...]:
    if ask.options.schema is not None:
        return split_tokens(_json_answer(ask.options.schema, ask.prompt))
    able = able_answer(ask, choice)
    if able is not None:
        return split_tokens(able)
    if ask.model.is_instant and ask.length is not None:
        return _filler_tokens(ask.length)
    parts = prose(ask, choice)
    return split_tokens(next(parts)) if ask.length is None else _first_tokens(parts, ask.length)


def _json_answer(schema: dict[str, object], prompt: str) -> str:
    hints = Hints(topic_of(prompt), names_in(prompt), numbers_in(prompt))
    return json_instance(schema, hints)


@lru_cache(maxsize=64)
def _filler_tokens(count: int) -> tuple[str, ...]:
    return _first_tokens(filler(), count)


def _first_tokens(parts: Iterable[str], count: int) -> tuple[str, ...]:
    """The first `count` tokens of a text that comes in parts."""
    tokens: list[str] = []
    for part in parts:
        if len(tokens) >= count:
            break
        tokens.extend(split_tokens(part))
    return tuple(tokens[:count])


def _stopped(reply: Reply, sequences: tuple[str, ...]) -> Reply:
    """`reply` up to the first stop sequence in it."""
    text = reply.text if sequences else ""
    found = [(text.find(sequence), sequence) for sequence in sequences if sequence in text]
    if not found:
        return reply
    place, sequence = min(found)
    return replace(reply, answer=split_tokens(text[:place]), stop_sequence=sequence)


@dataclass(slots=True)
class _Budget:
    """Tokens that are left."""

    left: int

    def take(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """As many of `tokens` as there is room for."""
        taken = tokens[: self.left]
        self.left -= len(taken)
        return taken


def _limited(reply: Reply, max_tokens: int | None) -> Reply:
    """`reply` within `max_tokens`; reasoning gets at most half, so that something is answered."""
    if max_tokens is None or reply.tokens <= max_tokens:
        return reply
    thought = _Budget(max_tokens // 2).take(reply.reasoning)
    budget = _Budget(max_tokens - len(thought))
    return replace(
        reply,
        reasoning=thought,
        answer=budget.take(reply.answer),
        tool_calls=tuple(_limited_calls(reply.tool_calls, budget)),
        finish="length",
        stop_sequence=None,
    )


def _limited_calls(calls: tuple[ToolCall, ...], budget: _Budget) -> Iterable[ToolCall]:
    for call in calls:
        if budget.left <= call.name_tokens:
            return
        budget.left -= call.name_tokens
        yield replace(call, fragments=budget.take(call.fragments))
