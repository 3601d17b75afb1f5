"""POST /v1/messages/count_tokens: how many input tokens a message would have.

An upstream of the model that speaks this wire is asked. Without one, or when it does not answer, it
is counted by characters, which is good to a tenth or so for English text, and marked as estimated.
"""

import asyncio
from typing import Any

from llmhub.api.wires import allowed_models
from llmhub.api.wires.anthropic import estimates, messages, requests
from llmhub.api.wires.http import Request, Send, send_json
from llmhub.core.errors import LLMHubError
from providers import endpoints, transports
from providers.health import health
from providers.registry import Model, Target
from providers.transports.base import Native

PATIENCE_S = 5.0


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError."""
    body = requests.check(request.body, needs_limit=False)
    model = allowed_models.asked(request.caller, body.get("model") or "")
    chat = requests.to_chat(body, strict=False)
    counted = await _counted(model, messages.as_it_came(request, body))
    if counted is None:
        estimate = {"input_tokens": estimates.input_tokens(chat)}
        await send_json(send, 200, estimate, [(b"x-llmhub-estimated", b"true")])
    else:
        await send_json(send, 200, counted)


async def _counted(model: Model, native: Native) -> dict[str, Any] | None:
    """What an upstream says, None if there is none that can say it."""
    target = next(filter(_can_count, model.targets), None)
    if target is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            transport = transports.for_target(target)
            return (await transport.complete(target, "count_tokens", {}, native)).data
    except (LLMHubError, TimeoutError):
        return None


def _can_count(target: Target) -> bool:
    speaks = endpoints.wire_of(target.access) == messages.WIRE
    return speaks and health.may_be_tried(target.name)
