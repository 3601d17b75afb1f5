"""What is kept for later and looked up by its id: files, batches, responses. What means what."""

from collections.abc import Awaitable, Callable

from llmhub.api.wires.http import Receive, Request, Send
from llmhub.api.wires.openai.batches import answering as batches
from llmhub.api.wires.openai.files import answering as files
from llmhub.api.wires.openai.responses import kept as responses

Answer = Callable[..., Awaitable[None]]

# Paths without /v1; * stands for an id.
RESOURCES: dict[str, dict[str, Answer]] = {
    "/files": {"GET": files.listing, "POST": files.upload},
    "/files/*": {"GET": files.retrieve, "DELETE": files.delete},
    "/files/*/content": {"GET": files.content},
    "/batches": {"GET": batches.listing, "POST": batches.create},
    "/batches/*": {"GET": batches.retrieve},
    "/batches/*/cancel": {"POST": batches.cancel},
    "/responses/*": {"GET": responses.retrieve, "DELETE": responses.delete},
    "/responses/*/input_items": {"GET": responses.input_items},
}
ROOTS = ("/files", "/batches")


def methods(path: str) -> dict[str, Answer] | None:
    """What can be asked at a path (without /v1), by method; None if there is nothing."""
    return RESOURCES.get(_pattern(path)[0])


async def answer(path: str, request: Request, receive: Receive, send: Send) -> None:
    """Answer a request whose path and method are known. Raises LLMHubError."""
    pattern, ids = _pattern(path)
    await RESOURCES[pattern][request.scope["method"]](request, receive, send, *ids)


def _pattern(path: str) -> tuple[str, list[str]]:
    """The path with * for the id in it, and the id."""
    parts = path.split("/")
    if len(parts) < 3:
        return path, []
    return "/".join([*parts[:2], "*", *parts[3:]]), [parts[2]]
