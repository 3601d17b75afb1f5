"""POST /v1/messages/count_tokens: how many input tokens a message would have.

Counted by characters, which is good to a tenth or so for English text.
"""

from llmhub.api.wires import allowed_models
from llmhub.api.wires.anthropic import estimates, requests
from llmhub.api.wires.http import Request, Send, send_json


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError."""
    body = requests.check(request.body, needs_limit=False)
    allowed_models.asked(request.caller, body.get("model") or "")
    chat = requests.to_chat(body, strict=False)
    count = {"input_tokens": estimates.input_tokens(chat)}
    await send_json(send, 200, count, [(b"x-llmhub-estimated", b"true")])
