"""Responses that were kept: going on from one, looking one up, deleting one.

https://platform.openai.com/docs/api-reference/responses/get
"""

from typing import Any
from uuid import UUID

from llmhub.api.kept import store
from llmhub.api.kept.models import KeptResponse
from llmhub.api.kept.store import Items, Thread
from llmhub.api.wires.http import Receive, Request, Send, send_json
from llmhub.api.wires.openai.stored import NotKeptError
from llmhub.core.database import in_database
from llmhub.core.errors import ValidationError
from llmhub.teams.callers import Caller

PREFIX = "resp_"


def is_wanted(caller: Caller, body: dict[str, Any]) -> bool:
    """Whether a response is to be kept: yes, unless the request or its team says no."""
    return caller.body_policy == "full" and body.get("store") is not False


async def thread_before(caller: Caller, body: dict[str, Any]) -> Thread:
    """The conversation that a request goes on from. Raises ValidationError."""
    if body.get("store") and caller.body_policy != "full":
        raise ValidationError(
            "store: this team keeps no prompts and answers, so no responses either. Send false, "
            "and the whole conversation in input.",
            param="store",
            code="not_kept",
        )
    given = body.get("previous_response_id")
    if not given:
        return Thread()
    number = _number(given)
    found: Thread | None = (
        await in_database(store.thread_to, caller.team_id, number) if number else None
    )
    if found is None:
        raise ValidationError(
            f"There is no response {given[:80]!r} here. Responses are kept for a time, unless they "
            "were asked for with store false; send the whole conversation in input.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    return found


async def retrieve(request: Request, receive: Receive, send: Send, given: str) -> None:
    """GET /responses/ID."""
    await send_json(send, 200, (await _found(request, given)).response)


async def input_items(request: Request, receive: Receive, send: Send, given: str) -> None:
    """GET /responses/ID/input_items: what was sent with that request itself, the newest first."""
    found = await _found(request, given)
    await send_json(send, 200, _items(found.pk, found.input))


async def delete(request: Request, receive: Receive, send: Send, given: str) -> None:
    """DELETE /responses/ID."""
    number = _number(given)
    if number is None or not await in_database(store.delete, request.caller.team_id, number):
        raise NotKeptError("response", given, "response_id")
    await send_json(send, 200, {"id": given, "object": "response", "deleted": True})


async def _found(request: Request, given: str) -> KeptResponse:
    number = _number(given)
    found: KeptResponse | None = (
        await in_database(store.find, request.caller.team_id, number) if number else None
    )
    if found is None:
        raise NotKeptError("response", given, "response_id")
    return found


def _items(number: UUID, items: Items) -> dict[str, Any]:
    data = [_item(item, f"msg_{number.hex}in{n:02d}") for n, item in enumerate(items)]
    data.reverse()
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"],
        "last_id": data[-1]["id"],
        "has_more": False,
    }


def _item(item: dict[str, Any], number: str) -> dict[str, Any]:
    whole = {"id": number, "type": "message", "status": "completed"} | item
    if isinstance(whole.get("content"), str):
        kind = "output_text" if whole.get("role") == "assistant" else "input_text"
        whole["content"] = [{"type": kind, "text": whole["content"]}]
    return whole


def _number(given: str) -> UUID | None:
    try:
        return UUID(hex=given.removeprefix(PREFIX))
    except ValueError:
        return None
