"""A recorded call as a replay takes it: what was asked, what was answered, and its figures."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from llmhub.core.errors import LLMHubError
from llmhub.gateway import recorded
from llmhub.usage.models import RequestLog, Status
from playground import schema_checks
from playground.replays.answers import Said, of_recorded

TAG = "replay"
NEVER_SENT = frozenset({"model", "stream", "stream_options", "n", "store"})
_FIGURES = ("latency_ms", "time_to_first_token_ms", "input_tokens", "output_tokens")


class LeftOut(StrEnum):
    """Why a call can't be replayed; the value is the reason in words, after "3 "."""

    NOT_SUCCESSFUL = "did not succeed"
    NO_CHAT = "not a chat (embeddings)"
    REPLAY = "made by a replay"
    CACHED = "answered from the cache"
    SEARCHED = "had a web search, whose results are not in the request"
    NOT_KEPT = "request or answer not kept"
    CUT = "too long to be kept whole"
    FILES = "with files that are not in the request"
    SEVERAL = "asked for several answers at once"
    UNREADABLE = "can’t be read as a chat"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call that can be replayed. `request` names no model and is not streamed."""

    call_id: UUID
    called_at: datetime
    request: dict[str, Any]
    answer: Said
    figures: dict[str, Any]


def without_texts(call: RequestLog) -> LeftOut | None:
    """Why a call is left out, as far as its figures tell."""
    if call.status != Status.SUCCESS:
        return LeftOut.NOT_SUCCESSFUL
    if call.operation != "chat":
        return LeftOut.NO_CHAT
    if TAG in call.tags:
        return LeftOut.REPLAY
    if call.cache == "hit":
        return LeftOut.CACHED
    if call.searches or any(str(note).startswith("web search") for note in call.notes):
        return LeftOut.SEARCHED
    return None


def read(call: RequestLog) -> Recorded | LeftOut:
    """The call with its texts, or why it is left out."""
    body = getattr(call, "body", None)
    if body is None or not body.request or not body.response:
        return LeftOut.NOT_KEPT
    try:
        asked = orjson.loads(body.request)
    except orjson.JSONDecodeError:
        return LeftOut.CUT if body.request.endswith("[cut off here]") else LeftOut.UNREADABLE
    if not isinstance(asked, dict):
        return LeftOut.UNREADABLE
    if not asked.keys() & {"messages", "input", "prompt"}:
        return LeftOut.NOT_KEPT
    return _read(call, asked, of_recorded(body.response))


def _read(call: RequestLog, asked: dict[str, Any], answer: Said | None) -> Recorded | LeftOut:
    try:
        chat = recorded.as_chat(asked)
    except LLMHubError:
        return LeftOut.UNREADABLE
    if (chat.get("n") or 1) > 1:
        return LeftOut.SEVERAL
    if _refers_to_files(chat):
        return LeftOut.FILES
    if answer is None:
        return LeftOut.NOT_KEPT
    request = {name: value for name, value in chat.items() if name not in NEVER_SENT}
    return Recorded(call.pk, call.created_at, request, answer, _figures(call, request, answer))


def _refers_to_files(chat: dict[str, Any]) -> bool:
    parts = [
        part
        for message in chat["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
    ]
    return any(_names_file(part) for part in parts)


def _names_file(part: dict[str, Any]) -> bool:
    inside = [value for value in part.values() if isinstance(value, dict)]
    return any("file_id" in names for names in (part, *inside))


def _figures(call: RequestLog, request: dict[str, Any], answer: Said) -> dict[str, Any]:
    figures: dict[str, Any] = {name: getattr(call, name) for name in _FIGURES}
    cost: Any = call.cost
    return figures | {
        "cost": None if cost is None else str(cost),
        "stream": call.stream,
        "finish_reason": call.finish_reason,
        "fits": fits(request, answer),
    }


def fits(request: dict[str, Any], answer: Said) -> bool | None:
    """Whether an answer fits the schema of its request; None without one, or for calls of tools."""
    if schema_checks.schema_of(request) is None or answer.tools:
        return None
    check = schema_checks.check(request, answer.text)
    return bool(check and check["valid"])


def as_text(request: dict[str, Any]) -> str:
    """The conversation of a request, to be read by a judge."""
    return "\n\n".join(
        f"[{message.get('role')}]\n{_text(message)}" for message in request["messages"]
    )


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    said = [_shown(part) for part in parts if content]
    calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    said += [f"{call.get('name')}({call.get('arguments')})" for call in calls]
    return "\n".join(said)


def _shown(part: dict[str, Any]) -> str:
    return str(part["text"]) if part.get("type") == "text" else f"({part.get('type')})"
