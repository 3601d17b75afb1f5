"""The record of a request that was refused before it became a call."""

from llmhub.api.wires.http import Request
from llmhub.core.errors import LLMHubError
from llmhub.gateway.asks import Ask
from llmhub.gateway.call import Call


async def record(request: Request, operation: str, error: LLMHubError) -> None:
    """Write the record of a request that never became a call, and give it to `error`.

    Of the body only model and stream are taken for granted: the rest may be anything.
    """
    body = request.body if isinstance(request.body, dict) else {}
    model = body.get("model")
    kept = {"model": model if isinstance(model, str) else "", "stream": body.get("stream") is True}
    call = Call(Ask(request.caller, kept, operation=operation, raw=request.raw or None))
    error.record = call.record
    await call.fail(error)
