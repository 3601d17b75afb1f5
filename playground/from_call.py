"""Open a recorded call in the playground: its prompt and its model, ready to be compared."""

from typing import Any
from uuid import UUID

import orjson

from llmhub.teams.callers import Caller
from llmhub.usage.models import RequestLog


def prefill(caller: Caller, call_id: str) -> dict[str, Any]:
    """The parts of the page's state that the call decides; empty if it can't be shown."""
    try:
        call = (
            RequestLog.objects.select_related("body")
            .filter(pk=UUID(call_id), team_id=caller.team_id)
            .first()
        )
    except ValueError:
        return {}
    if call is None:
        return {"notice": "This call does not exist, or is not your team's."}
    body = getattr(call, "body", None)
    try:
        request = orjson.loads(body.request) if body is not None else {}
    except orjson.JSONDecodeError:
        request = {}
    if not isinstance(request, dict):
        request = {}
    messages = [m for m in request.get("messages") or [] if isinstance(m, dict)]
    system = "\n\n".join(_text(m) for m in messages if m.get("role") in {"system", "developer"})
    prompts = [_text(message) for message in messages if message.get("role") == "user"]
    parameters = {k: v for k, v in request.items() if k in PARAMETERS and v is not None}
    column = {"id": None, "model": call.model, "system_prompt": system, "parameters": parameters}
    shown = {"columns": [column], "suggested_prompt": prompts[-1] if prompts else ""}
    if not prompts:
        shown["notice"] = "The prompt of this call was not kept, so only its model is filled in."
    return shown


PARAMETERS = frozenset(
    {
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "stop",
        "presence_penalty",
        "frequency_penalty",
        "reasoning_effort",
    }
)


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
