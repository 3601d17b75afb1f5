"""Answers that fit a JSON schema, also from upstreams that know no schemas.

`native_or_prompted` decides. An upstream that has schemas gets the request as it is. For the others
the schema becomes an instruction, and `complete` makes the call: it takes the JSON out of the
answer, checks it, and asks once more with what was wrong before it gives up.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from llmhub.core.errors import ProviderError
from llmhub.gateway.validation import schemas
from providers.transports.base import Json, Reply

Complete = Callable[[Json], Awaitable[Reply]]

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```[a-zA-Z]*[ \t]*\n(.*?)```", re.DOTALL)
_START = re.compile(r"[{\[]")
_MAX_STARTS = 50
_ADDED_UP = ("prompt_tokens", "completion_tokens", "total_tokens")


class StructuredOutputError(ProviderError):
    """The model did not bring forth what the schema asks for."""

    type = "structured_output"
    retriable = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A schema that the hub itself must see to."""

    schema: Json


def native_or_prompted(
    body: Json, target_capabilities: frozenset[str] | None
) -> tuple[Json, Wanted | None]:
    """The body to send to a target, and the schema to hand to `complete` if it needs that.

    Without capabilities nothing is known of the target, and it gets the request as it is. Raises
    ValidationError if the schema is none.
    """
    format_ = body.get("response_format")
    if not isinstance(format_, dict) or format_.get("type") != "json_schema":
        return body, None
    if not target_capabilities or "json_schema" in target_capabilities:
        return body, None
    schema: Json = (format_.get("json_schema") or format_)["schema"]
    schemas.check(schema)
    return prompted(body, schema), Wanted(schema)


def prompted(body: Json, schema: Json) -> Json:
    """The request with the schema as an instruction. It asks for one answer, not streamed."""
    left_out = {"response_format", "stream", "stream_options", "n"}
    plain = {name: value for name, value in body.items() if name not in left_out}
    plain["messages"] = _with_instruction(body["messages"], _instruction(schema))
    return plain


def _instruction(schema: Json) -> str:
    return (
        "Answer with one JSON value that fits the following JSON schema, and with nothing else: "
        f"no explanation, no code fence.\n\n{orjson.dumps(schema).decode()}"
    )


def _with_instruction(messages: list[Json], instruction: str) -> list[Json]:
    """Joined to the system message if there is one: some models take only one."""
    first = messages[0]
    if first.get("role") in {"system", "developer"} and isinstance(first.get("content"), str):
        joined = {**first, "content": f"{first['content']}\n\n{instruction}"}
        return [joined, *messages[1:]]
    return [{"role": "system", "content": instruction}, *messages]


# --- The call ------------------------------------------------------------------------------------


async def complete(body: Json, wanted: Wanted, ask: Complete) -> Reply:
    """A reply whose text is JSON that fits. `body` is `prompted`, `ask` makes one call.

    Raises StructuredOutputError if the second answer does not fit either, ValidationError if the
    schema can't be followed, and whatever `ask` raises.
    """
    reply = await ask(body)
    text = _answer(reply)
    if text is None:
        return reply
    try:
        return _fitting(reply, read(text, wanted.schema))
    except Unfit as unfit:
        second = await ask(_repair(body, text, str(unfit)))
    try:
        value = read(_answer(second) or "", wanted.schema)
    except Unfit as unfit:
        raise StructuredOutputError(
            f"The model’s answer does not fit the schema, also when asked again: {unfit}",
            param=schemas.PARAM,
        ) from None
    return _fitting(_with_usage_of_both(reply, second), value)


def _answer(reply: Reply) -> str | None:
    """The text to read; None for a call of tools or a refusal, which are answers too.

    Raises StructuredOutputError for a text that was cut off.
    """
    choice = reply.data["choices"][0]
    message = choice.get("message") or {}
    if message.get("tool_calls") or message.get("function_call") or message.get("refusal"):
        return None
    if choice.get("finish_reason") == "length":
        raise StructuredOutputError(
            "The model’s answer was cut off before the JSON was complete; allow more max_tokens.",
            param="max_tokens",
        )
    text = message.get("content")
    return text if isinstance(text, str) else ""


def _repair(body: Json, text: str, problem: str) -> Json:
    again = f"This does not fit the schema: {problem} Answer again with the corrected JSON only."
    said = {"role": "assistant", "content": text or "(nothing)"}
    return {**body, "messages": [*body["messages"], said, {"role": "user", "content": again}]}


def _fitting(reply: Reply, value: Any) -> Reply:
    """The reply with the bare JSON as its text."""
    choice = reply.data["choices"][0]
    message = {**choice["message"], "content": orjson.dumps(value).decode()}
    data = {**reply.data, "choices": [{**choice, "message": message}]}
    return Reply(orjson.dumps(data), data)


def _with_usage_of_both(first: Reply, second: Reply) -> Reply:
    """The second reply; its usage counts both calls, since both are paid for."""
    one, two = first.data.get("usage"), second.data.get("usage")
    if not one or not two:
        return second
    both = {name: (one.get(name) or 0) + (two.get(name) or 0) for name in _ADDED_UP}
    for details in ("prompt_tokens_details", "completion_tokens_details"):
        both[details] = _added(one.get(details) or {}, two.get(details) or {})
    if "cost" in one and "cost" in two:
        both["cost"] = one["cost"] + two["cost"]
    return Reply(second.raw, {**second.data, "usage": both})


def _added(one: Json, two: Json) -> Json:
    return {name: (one.get(name) or 0) + (two.get(name) or 0) for name in one.keys() | two.keys()}


# --- Reading an answer ---------------------------------------------------------------------------


class Unfit(Exception):  # noqa: N818
    """The text has no JSON that fits; says why, for the model to read."""


def read(text: str, schema: Json) -> Any:
    """The first JSON value in a text that fits the schema. Raises Unfit."""
    unfit: list[str] = []
    for value in values_in(text):
        found = schemas.problems(value, schema)
        if not found:
            return value
        unfit = unfit or found
    raise Unfit("; ".join(unfit) + "." if unfit else "there is no JSON in it.")


def values_in(text: str) -> Iterator[Any]:
    """The JSON values in a text, likeliest first: all of it, what is in code fences, what begins
    at a brace."""
    text = _THOUGHT.sub("", text, count=1).strip()
    for part in (text, *(match[1] for match in _FENCED.finditer(text))):
        try:
            yield orjson.loads(part)
        except orjson.JSONDecodeError:
            continue
    yield from _embedded(text)


def _embedded(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    position = 0
    for _ in range(_MAX_STARTS):
        start = _START.search(text, position)
        if start is None:
            return
        try:
            value, position = decoder.raw_decode(text, start.start())
            yield value
        except (ValueError, RecursionError):
            position = start.end()


def _refuse_constant(name: str) -> Any:
    """NaN and Infinity, which JSON does not have."""
    raise ValueError(name)
