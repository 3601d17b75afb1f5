"""The paths of the wires: what each takes and answers, in the order in which one needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmhub.api.management.wire_docs.shapes import FLAG, TEXT, WHOLE, Schema, one_of, ref, said
from llmhub.api.management.wire_docs.signing import SECURITY

TAG = "Wires"
JSON = "application/json"
EVENTS = "text/event-stream"
_HELLO = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path. `takes` and `answers` are names of shapes.

    `events` says what a stream is made of; `about` goes below the summary. A `lenient` path takes
    texts too. `calls`: it makes calls of models, so it takes and gives their headers.
    """

    path: str
    method: str
    name: str
    summary: str
    takes: str = ""
    answers: str = ""
    about: str = ""
    events: str = ""
    example: Any = None
    lenient: bool = False
    calls: bool = False
    error: str = "OpenAIError"
    media_type: str = JSON
    query: tuple[tuple[str, Schema], ...] = ()


_CHAT = {"model": "sim-swift", "messages": _HELLO}
_RAW = (
    ("model", TEXT),
    ("temperature", {"type": "number"}),
    ("stream", FLAG),
    ("max_tokens", WHOLE),
)
_PAGE = (("after", TEXT), ("limit", WHOLE))

OPERATIONS = (
    Operation(
        "/v1/chat/completions",
        "post",
        "chat",
        "OpenAI's chat",
        "ChatRequest",
        "ChatCompletion",
        "Also a text (`text/plain`), which becomes one user message; its options come from the "
        "query. Broken JSON is a 400 that says where it breaks.",
        events="Chunks of OpenAI's, `data: {…}`, then `data: [DONE]`. A stream that breaks off "
        "ends with an error object and without `[DONE]`.",
        example=_CHAT,
        lenient=True,
        calls=True,
        query=_RAW,
    ),
    Operation(
        "/chat/completions",
        "post",
        "lenient_chat",
        "The same for people and scripts",
        "ChatRequest",
        "ChatCompletion",
        "As /v1/chat/completions; here broken JSON is taken as a text too.",
        events="As /v1/chat/completions.",
        example=_CHAT,
        lenient=True,
        calls=True,
        query=_RAW,
    ),
    Operation(
        "/v1/messages",
        "post",
        "message",
        "Anthropic's messages",
        "MessageRequest",
        "Message",
        "Any model answers, whoever makes it. An upstream that speaks this API itself gets the "
        "request as it came.",
        events="Anthropic's events, from message_start to message_stop; `error` where it breaks "
        "off.",
        example={"model": "sim-swift", "max_tokens": 100, "messages": _HELLO},
        calls=True,
        error="AnthropicError",
    ),
    Operation(
        "/v1/messages/count_tokens",
        "post",
        "count_tokens",
        "How many input tokens a message would have",
        "TokenCountRequest",
        "TokenCount",
        "Counted by an upstream that speaks this API, else an estimate "
        "(`x-llmhub-estimated: true`).",
        example={"model": "sim-swift", "messages": _HELLO},
        error="AnthropicError",
    ),
    Operation(
        "/v1/responses",
        "post",
        "respond",
        "OpenAI's responses",
        "ResponseRequest",
        "Response",
        "Kept for some days, unless `store` is false, so that `previous_response_id` finds them.",
        events="OpenAI's typed events, from response.created to response.completed.",
        example={"model": "sim-swift", "input": "Hello"},
        calls=True,
    ),
    Operation(
        "/v1/responses/{response_id}", "get", "get_response", "A kept response", answers="Response"
    ),
    Operation(
        "/v1/responses/{response_id}",
        "delete",
        "delete_response",
        "Forget a response",
        answers="Deleted",
    ),
    Operation(
        "/v1/responses/{response_id}/input_items",
        "get",
        "list_input_items",
        "What was sent with a response's request",
        answers="ResponseInputItems",
    ),
    Operation(
        "/v1/completions",
        "post",
        "complete",
        "OpenAI's older completions",
        "CompletionRequest",
        "Completion",
        "Each prompt becomes a chat with one message and a call of its own.",
        events="Chunks of OpenAI's older form, then `data: [DONE]`.",
        example={"model": "sim-swift", "prompt": "Hello"},
        calls=True,
    ),
    Operation(
        "/v1/embeddings",
        "post",
        "embed",
        "OpenAI's embeddings",
        "EmbeddingRequest",
        "Embeddings",
        example={"model": "simulator/sim-embedding", "input": "Hello"},
        calls=True,
    ),
    Operation(
        "/v1/models",
        "get",
        "list_callable_models",
        "The models that your key may call",
        answers="ModelEntries",
        about="In Anthropic's shape with an `anthropic-version` header.",
    ),
    Operation(
        "/v1/models/{name}",
        "get",
        "get_callable_model",
        "One of them",
        answers="ModelEntry",
    ),
    Operation(
        "/v1/files",
        "post",
        "upload_file",
        "Upload the input of a batch",
        "FileUpload",
        "File",
        media_type="multipart/form-data",
    ),
    Operation(
        "/v1/files",
        "get",
        "list_files",
        "The team's files",
        answers="FileList",
        query=(*_PAGE, ("order", one_of("asc", "desc")), ("purpose", TEXT)),
    ),
    Operation("/v1/files/{file_id}", "get", "get_file", "One file", answers="File"),
    Operation("/v1/files/{file_id}", "delete", "delete_file", "Delete a file", answers="Deleted"),
    Operation("/v1/files/{file_id}/content", "get", "read_file", "A file's bytes"),
    Operation(
        "/v1/batches",
        "post",
        "begin_batch",
        "Begin a batch",
        "BatchRequest",
        "Batch",
        "A worker makes the calls, as the key that ordered them.",
    ),
    Operation(
        "/v1/batches", "get", "list_batches", "The team's batches", answers="BatchList", query=_PAGE
    ),
    Operation("/v1/batches/{batch_id}", "get", "get_batch", "One batch", answers="Batch"),
    Operation(
        "/v1/batches/{batch_id}/cancel", "post", "cancel_batch", "Cancel a batch", answers="Batch"
    ),
)


def paths() -> dict[str, dict[str, Any]]:
    """The operations as the schema has them: path → method → what it is."""
    found: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.path, {})[operation.method] = _shown(operation)
    return found


def _shown(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": f"wire_{operation.name}",
        "tags": [TAG],
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
        "responses": {"200": _answer(operation), "default": _refusal(operation)},
        "security": SECURITY,
    }
    if operation.about:
        shown["description"] = operation.about
    if operation.takes:
        shown["requestBody"] = {"required": True, "content": _content(operation)}
    return shown


# --- What is sent ---------------------------------------------------------------------------------

_SENT_HEADERS: tuple[tuple[str, Schema], ...] = (
    ("x-llmhub-include-cost", said(FLAG, "true: put what the call cost into `usage.cost`.")),
    (
        "x-llmhub-cache",
        said(
            one_of("off", "on", "read", "write", "refresh"),
            "Whether an answer that was kept will do, and whether to keep this one.",
        ),
    ),
    ("x-llmhub-search", said(TEXT, "on, off, or how many results of a web search: 1 to 20.")),
    ("x-llmhub-timeout", said(TEXT, "Seconds for the whole call, or `first_token=5, idle=10`.")),
)


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            yield {"in": "path", "name": part[1:-1], "required": True, "schema": TEXT}
    for name, schema in operation.query:
        yield {"in": "query", "name": name, "schema": schema}
    for name, schema in _SENT_HEADERS if operation.calls else ():
        yield {"in": "header", "name": name, "schema": schema}
    if operation.path.startswith("/v1/messages") or operation.path.startswith("/v1/models"):
        yield {
            "in": "header",
            "name": "anthropic-version",
            "schema": said(TEXT, "As Anthropic's SDKs send it; asks for that wire's shapes."),
        }


def _content(operation: Operation) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": ref(operation.takes)}
    if operation.example is not None:
        body["example"] = operation.example
    content = {operation.media_type: body}
    if operation.lenient:
        content["text/plain"] = {"schema": TEXT, "example": "Hello"}
    return content


# --- What comes back ------------------------------------------------------------------------------

_CALL_HEADERS = {
    "x-request-id": "The id of the call's record, as in GET /api/v1/calls/{call_id}.",
    "x-llmhub-provider": "Who answered.",
    "x-llmhub-model": "As which model of the hub.",
    "x-llmhub-cache": "hit, miss or off.",
    "x-llmhub-attempts": "How often an upstream was asked.",
    "x-ratelimit-limit-requests": "The limit, if the key or its team has one; …-tokens likewise.",
    "x-ratelimit-remaining-requests": "What is left of it.",
    "x-ratelimit-reset-requests": "When all of it is left again, as 1m0s.",
}


def _headers(told: dict[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": TEXT} for name, text in told.items()}


def _answer(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "The answer.", "content": {}}
    if operation.answers:
        answer["content"][JSON] = {"schema": ref(operation.answers)}
    else:
        binary = {"type": "string", "format": "binary"}
        answer["content"]["application/octet-stream"] = {"schema": binary}
    if operation.events:
        answer["content"][EVENTS] = {"schema": said(TEXT, operation.events)}
    if operation.calls:
        answer["headers"] = _headers(_CALL_HEADERS)
    return answer


def _refusal(operation: Operation) -> dict[str, Any]:
    headers = {"retry-after": "Seconds to wait, after a 429."}
    if operation.calls:
        headers = {"x-request-id": _CALL_HEADERS["x-request-id"], **headers}
    return {
        "description": "It was refused or failed; docs/api.md lists every status.",
        "headers": _headers(headers),
        "content": {JSON: {"schema": ref(operation.error)}},
    }
