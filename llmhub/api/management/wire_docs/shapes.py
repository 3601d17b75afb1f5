"""The bodies of the wires, as JSON schemas: the fields that the hub itself reads or writes.

Requests take any other field too, and answers of an upstream may have more.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
ANY_OBJECT: Schema = {"type": "object", "additionalProperties": True}


def ref(name: str) -> Schema:
    """A schema by its name in `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def said(schema: Schema, description: str) -> Schema:
    """The schema with a sentence about it."""
    return {**schema, "description": description}


def number(low: float, high: float) -> Schema:
    """A number in a range."""
    return {"type": "number", "minimum": low, "maximum": high}


def count(low: int, high: int | None = None) -> Schema:
    """A whole number of at least `low`."""
    return {**WHOLE, "minimum": low} | ({} if high is None else {"maximum": high})


def several(items: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": items, **more}


def either(*schemas: Schema) -> Schema:
    """One of several."""
    return {"anyOf": list(schemas)}


def or_null(schema: Schema) -> Schema:
    """The same or null."""
    return either(schema, {"type": "null"})


def one_of(*values: str) -> Schema:
    """One of a few words."""
    return {"type": "string", "enum": list(values)}


def shape(about: str, needed: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object, described if `about` says something; it may have other fields too."""
    found: Schema = {"type": "object", "properties": properties}
    if about:
        found["description"] = about
    return {**found, "required": list(needed)} if needed else found


MODEL = said(
    TEXT, "A name of GET /v1/models, or credential/model; the hub's default model without it."
)
STREAM = said({**FLAG, "default": False}, "Answer as server-sent events.")
_SAMPLING: dict[str, Schema] = {
    "model": MODEL,
    "stream": STREAM,
    "stream_options": shape("", include_usage=FLAG),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "max_tokens": count(1),
    "n": count(1, 128),
    "stop": either(TEXT, several(TEXT, maxItems=4)),
    "logit_bias": ANY_OBJECT,
}
_USAGE = shape(
    "",
    prompt_tokens=WHOLE,
    completion_tokens=WHOLE,
    total_tokens=WHOLE,
    cost=said(
        or_null({"type": "number"}), "US dollars, with `x-llmhub-include-cost: true`; null: unknown"
    ),
)
_OPENAI: dict[str, Schema] = {
    "ChatMessage": shape(
        "A message of a conversation.",
        ("role",),
        role=one_of("system", "developer", "user", "assistant", "tool", "function"),
        content=or_null(either(TEXT, several(ANY_OBJECT))),
        name=TEXT,
        tool_calls=several(ANY_OBJECT),
        tool_call_id=TEXT,
    ),
    "ChatRequest": shape(
        "A chat. Fields that are not named here go to the upstream as they are.",
        ("messages",),
        messages=several(ref("ChatMessage"), minItems=1, maxItems=10_000),
        **_SAMPLING,
        max_completion_tokens=count(1),
        logprobs=FLAG,
        top_logprobs=count(0, 20),
        tools=several(ANY_OBJECT),
        tool_choice=either(TEXT, ANY_OBJECT),
        parallel_tool_calls=FLAG,
        response_format=said(ANY_OBJECT, 'As {"type": "json_schema", "json_schema": {…}}.'),
    ),
    "ChatCompletion": shape(
        "The answer to a chat.",
        ("id", "object", "model", "choices"),
        id=TEXT,
        object=one_of("chat.completion"),
        created=WHOLE,
        model=said(TEXT, "The model that answered."),
        choices=several(
            shape("", index=WHOLE, message=ref("ChatMessage"), finish_reason=or_null(TEXT))
        ),
        usage=_USAGE,
    ),
    "CompletionRequest": shape(
        "A bare prompt, or up to 100.",
        ("prompt",),
        prompt=either(TEXT, several(TEXT, minItems=1, maxItems=100)),
        **_SAMPLING,
        echo=FLAG,
        logprobs=count(0, 5),
        best_of=said(count(1, 20), "Has no effect."),
    ),
    "Completion": shape(
        "The answer to bare prompts.",
        ("id", "object", "model", "choices"),
        id=TEXT,
        object=one_of("text_completion"),
        created=WHOLE,
        model=TEXT,
        choices=several(shape("", text=TEXT, index=WHOLE, finish_reason=or_null(TEXT))),
        usage=_USAGE,
    ),
    "EmbeddingRequest": shape(
        "Texts to embed.",
        ("input",),
        model=MODEL,
        input=either(TEXT, several(either(TEXT, WHOLE, several(WHOLE)), minItems=1, maxItems=2048)),
        encoding_format=one_of("float", "base64"),
        dimensions=count(1),
    ),
    "Embeddings": shape(
        "A vector for each text.",
        ("object", "data", "model"),
        object=one_of("list"),
        data=several(shape("", index=WHOLE, embedding=either(several({"type": "number"}), TEXT))),
        model=TEXT,
        usage=_USAGE,
    ),
    "ResponseRequest": shape(
        "What OpenAI's Responses API takes.",
        ("input",),
        model=MODEL,
        input=either(TEXT, several(ANY_OBJECT, minItems=1, maxItems=10_000)),
        instructions=TEXT,
        previous_response_id=said(TEXT, "Go on from a response that was kept."),
        store=said({**FLAG, "default": True}, "Whether to keep it."),
        stream=STREAM,
        temperature=number(0, 2),
        top_p=number(0, 1),
        max_output_tokens=count(1),
        reasoning=ANY_OBJECT,
        text=ANY_OBJECT,
        tools=several(ANY_OBJECT),
        tool_choice=either(TEXT, ANY_OBJECT),
        metadata=ANY_OBJECT,
    ),
    "Response": shape(
        "OpenAI's response object.",
        ("id", "object", "status", "output"),
        id=TEXT,
        object=one_of("response"),
        created_at=WHOLE,
        status=one_of("in_progress", "completed", "incomplete", "failed"),
        model=TEXT,
        output=several(ANY_OBJECT),
        usage=or_null(ANY_OBJECT),
        error=or_null(ANY_OBJECT),
        previous_response_id=or_null(TEXT),
        store=FLAG,
    ),
    "ModelEntry": shape(
        "A model that the key may call, in OpenAI's shape.",
        ("id", "object"),
        id=TEXT,
        object=one_of("model"),
        created=WHOLE,
        owned_by=TEXT,
    ),
    "ModelEntries": shape(
        "All models that the key may call.",
        ("object", "data"),
        object=one_of("list"),
        data=several(ref("ModelEntry")),
    ),
    "File": shape(
        "OpenAI's file object.",
        ("id", "object", "bytes", "filename", "purpose"),
        id=said(TEXT, "file-…"),
        object=one_of("file"),
        bytes=WHOLE,
        created_at=WHOLE,
        expires_at=or_null(WHOLE),
        filename=TEXT,
        purpose=one_of("batch", "batch_output"),
        status=TEXT,
    ),
    "FileUpload": shape(
        "A form with a file.",
        ("file", "purpose"),
        file={"type": "string", "format": "binary"},
        purpose=one_of("batch"),
        **{"expires_after[seconds]": said(count(3600, 2_592_000), "30 days if left out.")},
    ),
    "BatchRequest": shape(
        "A batch to begin.",
        ("input_file_id", "endpoint", "completion_window"),
        input_file_id=TEXT,
        endpoint=one_of(
            "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"
        ),
        completion_window=said(TEXT, 'Like "24h"; it does not end the batch.'),
        metadata=ANY_OBJECT,
        output_expires_after=shape("", seconds=count(3600, 2_592_000)),
    ),
    "Batch": shape(
        "OpenAI's batch object.",
        ("id", "object", "endpoint", "status"),
        id=TEXT,
        object=one_of("batch"),
        endpoint=TEXT,
        status=one_of(
            "validating",
            "in_progress",
            "finalizing",
            "completed",
            "failed",
            "cancelling",
            "cancelled",
        ),
        input_file_id=TEXT,
        output_file_id=or_null(TEXT),
        error_file_id=or_null(TEXT),
        errors=or_null(ANY_OBJECT),
        request_counts=shape("", total=WHOLE, completed=WHOLE, failed=WHOLE),
        metadata=or_null(ANY_OBJECT),
    ),
    "Deleted": shape("It is gone.", ("id", "deleted"), id=TEXT, object=TEXT, deleted=FLAG),
    "OpenAIError": shape(
        "The shape of errors at OpenAI's addresses.",
        ("error",),
        error=shape(
            "",
            ("message", "type", "param", "code"),
            message=said(TEXT, "What is wrong, where, and what to do."),
            type=said(TEXT, "OpenAI's kind of error, as invalid_request_error."),
            param=said(or_null(TEXT), "The field at fault."),
            code=said(TEXT, "Which error exactly; stable."),
        ),
    ),
}


def _page(entry: Schema) -> Schema:
    return shape(
        "A page of a list.",
        ("object", "data", "has_more"),
        object=one_of("list"),
        data=several(entry),
        first_id=or_null(TEXT),
        last_id=or_null(TEXT),
        has_more=FLAG,
    )


_CONTENT = either(TEXT, several(ANY_OBJECT))
_COUNTED: dict[str, Schema] = {
    "model": MODEL,
    "system": _CONTENT,
    "messages": several(
        shape("", ("role", "content"), role=TEXT, content=_CONTENT),
        minItems=1,
        maxItems=10_000,
    ),
    "tools": several(ANY_OBJECT),
    "tool_choice": ANY_OBJECT,
    "thinking": ANY_OBJECT,
}
_ANTHROPIC: dict[str, Schema] = {
    "MessageRequest": shape(
        "What Anthropic's Messages API takes.",
        ("max_tokens", "messages"),
        **_COUNTED,
        max_tokens=count(1),
        stream=STREAM,
        temperature=number(0, 1),
        top_p=number(0, 1),
        stop_sequences=several(TEXT),
        metadata=ANY_OBJECT,
    ),
    "Message": shape(
        "Anthropic's message object.",
        ("id", "type", "role", "content", "usage"),
        id=TEXT,
        type=one_of("message"),
        role=one_of("assistant"),
        model=TEXT,
        content=several(ANY_OBJECT),
        stop_reason=or_null(TEXT),
        stop_sequence=or_null(TEXT),
        usage=ANY_OBJECT,
    ),
    "TokenCountRequest": shape("A message that is only counted.", ("messages",), **_COUNTED),
    "TokenCount": shape("", ("input_tokens",), input_tokens=WHOLE),
    "AnthropicError": shape(
        "The shape of errors at Anthropic's addresses, and wherever an anthropic-version is sent.",
        ("type", "error"),
        type=one_of("error"),
        error=shape("", ("type", "message"), type=TEXT, message=TEXT),
        request_id=or_null(TEXT),
    ),
}
SCHEMAS: dict[str, Schema] = {
    **_OPENAI,
    "FileList": _page(ref("File")),
    "BatchList": _page(ref("Batch")),
    "ResponseInputItems": _page(ANY_OBJECT),
    **_ANTHROPIC,
}
