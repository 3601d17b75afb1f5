"""OpenAI's wire as other services speak it: what must be said differently, and read differently.

Most of a request and an answer goes through untouched. `requested` follows the quirks of the
catalog's row; `Mender` brings answers back to what OpenAI's own API documents:

- Mistral's content in parts (docs.mistral.ai, "reasoning") becomes text and reasoning_content;
- tool calls of a stream get the index that tells them apart (Gemini leaves it out), and the
  finish_reason "tool_calls" (Gemini says "stop");
- usage: completion_tokens includes reasoning (xAI and Gemini count it apart: docs.x.ai,
  "consumption and rate limits"), xAI's price in ticks of 1e-10 USD becomes `cost`, and the place
  where Groq's streams report usage is the usual one;
- words for the end that are not OpenAI's become "stop" or "length".
"""

from collections.abc import Iterator
from typing import Any

from providers.kinds import Quirks
from providers.registry import Target
from providers.transports.base import Json

_NOTHING: tuple[Any, ...] = (None, 0, False, [], {})
_DEFAULTS = {
    "n": 1,
    "temperature": 1,
    "top_p": 1,
    "modalities": ["text"],
    "parallel_tool_calls": True,
    "service_tier": "auto",
}
TICKS_PER_USD = 10_000_000_000
_ENDS = {
    "model_length": "length",  # Mistral
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "eos": "stop",  # Together
    "end_turn": "stop",
    "stop_sequence": "stop",
    "COMPLETE": "stop",  # Cohere
    "STOP_SEQUENCE": "stop",
}


def requested(target: Target, body: Json) -> tuple[str, ...]:
    """Make `body` one that the target's service takes. Returns notes about what was left out."""
    provider = target.access.provider
    quirks, model = provider.quirks, target.upstream_model
    body["model"] = model
    refused = {name: body.pop(name) for name in quirks.refused_by(model) & body.keys()}
    for ours, theirs in quirks.renamed_for(model).items():
        if ours in body:
            body.setdefault(theirs, body.pop(ours))
    if not quirks.stream_options:
        body.pop("stream_options", None)
    if isinstance(body.get("messages"), list):
        body["messages"] = _messages(quirks, body["messages"])
    return left_out_note(provider.label, with_effect(refused)) if refused else ()


def with_effect(parameters: Json) -> list[str]:
    """The names of those that ask for something else than happens without them."""
    return sorted(
        name
        for name, value in parameters.items()
        if value not in _NOTHING and not (name in _DEFAULTS and value == _DEFAULTS[name])
    )


def left_out_note(who: str, names: list[str]) -> tuple[str, ...]:
    """The note about parameters that were not sent; nothing if all were."""
    if not names:
        return ()
    return (f"not sent, since {who} does not take it: {', '.join(names)}",)


def _messages(quirks: Quirks, messages: list[Json]) -> list[Json]:
    if quirks.developer_role and not quirks.refused_in_messages:
        return messages
    return [_message(quirks, message) for message in messages]


def _message(quirks: Quirks, message: Json) -> Json:
    if not quirks.refused_in_messages.isdisjoint(message):
        refused = quirks.refused_in_messages
        message = {name: value for name, value in message.items() if name not in refused}
    if message.get("role") == "developer" and not quirks.developer_role:
        message = {**message, "role": "system"}
    return message


class Mender:
    """Mends the chunks of one stream, or one completion. The methods tell whether they changed it.

    Keeps which tool calls a stream has begun.
    """

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._calls: dict[int, dict[int, str]] = {}

    def completion(self, data: Json) -> bool:
        """Mend a whole answer in place."""
        changed = self._usage(data)
        for choice in data.get("choices") or ():
            changed |= self._end(choice)
            message = choice.get("message")
            if message and isinstance(message.get("content"), list):
                changed |= _flatten(message)
        return changed

    def chunk(self, data: Json) -> bool:
        """Mend a chunk in place."""
        changed = self._usage(data)
        for choice in data.get("choices") or ():
            if delta := choice.get("delta"):
                if isinstance(delta.get("content"), list):
                    changed |= _flatten(delta)
                if calls := delta.get("tool_calls"):
                    for call in calls:
                        changed |= self._number(choice.get("index") or 0, call)
            changed |= self._end(choice)
        return changed

    def _number(self, choice: int, call: Json) -> bool:
        """See to it that a tool call's index is its own. A call without an id goes on with one."""
        calls = self._calls.setdefault(choice, {})
        given, name = call.get("index"), call.get("id") or ""
        index = given if isinstance(given, int) else max(calls, default=0)
        if name and calls.get(index, name) not in {"", name}:
            index = next((place for place, known in calls.items() if known == name), len(calls))
        calls[index] = name or calls.get(index, "")
        call["index"] = index
        return index != given

    def _end(self, choice: Json) -> bool:
        said = choice.get("finish_reason")
        if not said:
            return False
        meant = _ENDS.get(said, said)
        if meant == "stop" and self._quirks.calls_end_in_stop and self._calls:
            meant = "tool_calls"
        choice["finish_reason"] = meant
        return bool(meant != said)

    def _usage(self, data: Json) -> bool:
        usage = data.get("usage")
        if not usage and (given := (data.get("x_groq") or {}).get("usage")):
            data["usage"] = given
            return True
        if not isinstance(usage, dict):
            return False
        changed = False
        ticks = usage.get("cost_in_usd_ticks")
        if isinstance(ticks, int) and "cost" not in usage:
            usage["cost"] = ticks / TICKS_PER_USD
            changed = True
        return (self._quirks.reasoning_apart and _count_reasoning_in(usage)) or changed


def _count_reasoning_in(usage: Json) -> bool:
    """What the total has beyond prompt and completion is reasoning: count it as completion."""
    prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
    apart = (usage.get("total_tokens") or 0) - prompt - completion
    if apart <= 0:
        return False
    usage["completion_tokens"] = completion + apart
    details = usage.get("completion_tokens_details") or {}
    usage["completion_tokens_details"] = {"reasoning_tokens": apart, **details}
    return True


def _flatten(message: Json) -> bool:
    """Content in parts as text and reasoning."""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in message["content"]:
        if isinstance(part, dict) and part.get("type") == "thinking":
            thoughts += _texts(part.get("thinking"))
        else:
            texts += _texts(part)
    message["content"] = "".join(texts)
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    return True


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for inner in part:
            yield from _texts(inner)
    elif isinstance(part, dict) and isinstance(part.get("text"), str):
        yield part["text"]
