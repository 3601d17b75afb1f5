"""The texts of a request, in OpenAI's or Anthropic's wire: reading them, changing them."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

Json = dict[str, Any]
Change = Callable[[str], str]

_PLACES = ("system", "messages", "input", "prompt")
_NAMES = frozenset({*_PLACES, "content", "text"})


def changed(body: Json, change: Change, *, arguments: bool = False) -> Json:
    """The body with `change` done to every text in it, on request also to arguments of tools."""
    return {
        name: _changed(value, change, name, arguments) if name in _PLACES else value
        for name, value in body.items()
    }


def _changed(value: Any, change: Change, name: str, arguments: bool) -> Any:
    if isinstance(value, str):
        if name == "arguments":
            return _changed_arguments(value, change) if arguments else value
        return change(value) if name in _NAMES else value
    if isinstance(value, list):
        return [_changed(one, change, name, arguments) for one in value]
    if isinstance(value, dict):
        if name == "input":  # of a tool, in Anthropic's wire
            return _changed_all(value, change) if arguments else value
        return {key: _changed(one, change, key, arguments) for key, one in value.items()}
    return value


def _changed_arguments(text: str, change: Change) -> str:
    """Arguments are JSON, and stay so."""
    try:
        return orjson.dumps(_changed_all(orjson.loads(text), change)).decode()
    except orjson.JSONDecodeError:
        return change(text)


def _changed_all(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed_all(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _changed_all(one, change) for key, one in value.items()}
    return value


def of_conversation(body: Json) -> str:
    """All texts, one after the other."""
    return "\n".join(_texts({name: body[name] for name in _PLACES if name in body}, ""))


def of_last_prompt(body: Json) -> str:
    """The texts of the last message of the user, or of what is to be embedded."""
    messages = body.get("messages")
    if messages is None:
        return of_conversation(body)
    prompts = (m.get("content") for m in reversed(messages) if m.get("role") == "user")
    return "\n".join(_texts(next(prompts, None), "content"))


def _texts(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, str):
        if name in _NAMES:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, key)


def with_system_prompt(body: Json, text: str) -> Json:
    """The body with one more instruction, behind those that are there. Some upstreams take only
    one system message, so there stays one."""
    if "system" in body:  # Anthropic's wire
        return {**body, "system": _joined(body["system"], text)}
    messages = body["messages"]
    first = messages[0] if messages else {}
    if first.get("role") not in {"system", "developer"}:
        return {**body, "messages": [{"role": "system", "content": text}, *messages]}
    joined = {**first, "content": _joined(first["content"], text)}
    return {**body, "messages": [joined, *messages[1:]]}


def _joined(before: Any, text: str) -> Any:
    if isinstance(before, list):
        return [*before, {"type": "text", "text": text}]
    return f"{before}\n\n{text}" if before else text
