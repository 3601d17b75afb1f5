"""Gemini's wire: generateContent and streamGenerateContent (https://ai.google.dev/api)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from . import fields
from .answering import reply_to, usage_of
from .conversation import Ask, Message, Options, Tool, ToolChoice
from .faults import spoil_reply
from .models import MODELS, Model
from .problems import Kind, Problem, invalid
from .reply import Finish, Reply, ToolCall, Usage
from .request import JSON, Call, JsonObject, Stream, Whole, Wire
from .script import Write
from .tokens import count_tokens

_STATUSES: Final[dict[Kind, str]] = {
    "invalid_request": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "unknown_url": "NOT_FOUND",
    "context_length": "INVALID_ARGUMENT",
    "content_policy": "INVALID_ARGUMENT",
    "content_filter": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "quota": "RESOURCE_EXHAUSTED",
    "server": "INTERNAL",
    "unavailable": "UNAVAILABLE",
    "overloaded": "UNAVAILABLE",
}
_CONTEXT_MESSAGE: Final = (
    "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576)."
)
_FINISH_REASONS: Final[dict[Finish, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
}


def error_body(problem: Problem) -> bytes:
    """An error response's body."""
    message = _CONTEXT_MESSAGE if problem.kind == "context_length" else problem.message
    status = _STATUSES[problem.kind]
    error = {"code": problem.status, "message": message, "status": status}
    return orjson.dumps({"error": error})


def error_event(problem: Problem) -> bytes:
    """An error within a stream."""
    return b"data: " + error_body(problem) + b"\r\n\r\n"


WIRE: Final = Wire(b"x-request-id", error_body, error_event)


def generate_content(call: Call) -> Whole:
    """`POST /v1beta/models/{model}:generateContent`."""
    ask = _ask(call, streams=False)
    reply = spoil_reply(call.fault, reply_to(ask))
    chunk = _chunk(ask.model, _parts(reply), _FINISH_REASONS[reply.finish])
    if call.usage_place != "nowhere":
        chunk["usageMetadata"] = _usage(usage_of(ask, (reply,)))
    return Whole(orjson.dumps(chunk), tokens=reply.tokens)


def stream_generate_content(call: Call) -> Whole | Stream:
    """`POST /v1beta/models/{model}:streamGenerateContent`: SSE, or without `alt=sse` an array."""
    if not call.streams(wanted=True):
        return generate_content(call)
    ask = _ask(call, streams=True)
    reply = spoil_reply(call.fault, reply_to(ask))
    usage = _usage(usage_of(ask, (reply,)))
    chunks = list(_chunks(ask.model, reply))
    if call.usage_place != "nowhere":
        place = 0 if call.usage_place == "first" else -1
        chunks[place][0]["usageMetadata"] = usage
    if parse_qs(call.query).get("alt") == ["sse"]:
        return Stream([_frame(b"data: ", chunk, b"\r\n\r\n") for chunk in chunks])
    return Stream(_array_frames(chunks), content_type=JSON)


def model_list() -> bytes:
    """`GET /v1beta/models`."""
    models = [
        {
            "name": f"models/{model.id}",
            "displayName": model.title,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
        }
        for model in MODELS.values()
        if model.style != "vectors"
    ]
    return orjson.dumps({"models": models})


def _ask(call: Call, *, streams: bool) -> Ask:
    body = call.body
    contents = fields.objects(body, "contents")
    if not contents:
        raise invalid("contents is not specified", "contents")
    system = body.get("systemInstruction", body.get("system_instruction"))
    instructions = _messages(system, "system") if isinstance(system, dict) else ()
    return Ask(
        target=call.target,
        messages=(*instructions, *(part for content in contents for part in _content(content))),
        tools=_tools(body),
        tool_choice=_tool_choice(body),
        options=_options(call),
        streams=streams,
    )


def _content(content: JsonObject) -> Iterator[Message]:
    return _messages(content, "assistant" if content.get("role") == "model" else "user")


def _messages(content: JsonObject, role: Any) -> Iterator[Message]:
    parts = fields.objects(content, "parts")
    results = [part for part in parts if "functionResponse" in part]
    for part in results:
        result = fields.json_object(part, "functionResponse")
        yield Message("tool", orjson.dumps(fields.json_object(result, "response")).decode())
    text = "\n".join(fields.text(part, "text") for part in parts if part.get("text"))
    images = sum("inlineData" in part or "fileData" in part for part in parts)
    if text or images or not results:
        yield Message(role, text, images)


def _options(call: Call) -> Options:
    config = fields.json_object(call.body, "generationConfig")
    is_json = config.get("responseMimeType") == "application/json"
    schema = _either(config, "responseJsonSchema", "responseSchema")
    return Options(
        max_tokens=fields.whole_number(config, "maxOutputTokens", least=1),
        stop=fields.texts(config.get("stopSequences")),
        seed=fields.whole_number(config, "seed"),
        temperature=fields.number(config, "temperature"),
        schema=schema if is_json else None,
        thinks=call.target.model.thinks,
    )


def _tools(body: JsonObject) -> tuple[Tool, ...]:
    return tuple(
        Tool(
            name=fields.text(function, "name"),
            parameters=_either(function, "parametersJsonSchema", "parameters"),
            tokens=count_tokens(orjson.dumps(function).decode()),
        )
        for tool in fields.objects(body, "tools")
        for function in fields.objects(tool, "functionDeclarations")
    )


def _either(body: JsonObject, name: str, older_name: str) -> JsonObject:
    return fields.json_object(body, name) or fields.json_object(body, older_name)


def _tool_choice(body: JsonObject) -> ToolChoice:
    config = fields.json_object(fields.json_object(body, "toolConfig"), "functionCallingConfig")
    match config.get("mode"):
        case "NONE":
            return ToolChoice("none")
        case "ANY":
            allowed = fields.texts(config.get("allowedFunctionNames"))
            return ToolChoice("required", only=allowed[0] if len(allowed) == 1 else None)
        case _:
            return ToolChoice()


def _chunk(model: Model, parts: list[JsonObject], finish: str | None) -> JsonObject:
    candidate: JsonObject = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": model.id, "responseId": "simulated"}


def _chunks(model: Model, reply: Reply) -> Iterator[tuple[JsonObject, int]]:
    """The stream's chunks with the tokens that each stands for."""
    for token in reply.reasoning:
        yield _chunk(model, [{"text": token, "thought": True}], None), 1
    for token in reply.answer:
        yield _chunk(model, [{"text": token}], None), 1
    for call in reply.tool_calls:
        yield _chunk(model, [_function_call(call)], None), call.tokens
    yield _chunk(model, [{"text": ""}], _FINISH_REASONS[reply.finish]), 0


def _parts(reply: Reply) -> list[JsonObject]:
    parts: list[JsonObject] = []
    if reply.reasoning:
        parts.append({"text": reply.reasoning_text, "thought": True})
    if reply.answer:
        parts.append({"text": reply.text})
    return [*parts, *(_function_call(call) for call in reply.tool_calls)]


def _function_call(call: ToolCall) -> JsonObject:
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:  # cut off by maxOutputTokens
        arguments = {}
    return {"functionCall": {"name": call.name, "args": arguments}}


def _usage(usage: Usage) -> dict[str, int]:
    """Usage in Gemini's classes, where thoughts are not among the candidates' tokens."""
    return {
        "promptTokenCount": usage.input,
        "cachedContentTokenCount": usage.cached,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.total,
    }


def _frame(before: bytes, chunk: tuple[JsonObject, int], after: bytes) -> Write:
    content, tokens = chunk
    return Write(before + orjson.dumps(content) + after, tokens)


def _array_frames(chunks: Sequence[tuple[JsonObject, int]]) -> list[Write]:
    last = len(chunks) - 1
    return [
        _frame(b"," if place else b"[", chunk, b"]" if place == last else b"\n")
        for place, chunk in enumerate(chunks)
    ]
