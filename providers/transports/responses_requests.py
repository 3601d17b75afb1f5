"""From a chat request to one of OpenAI's Responses API.

https://platform.openai.com/docs/guides/migrate-to-responses has the correspondence. Messages become
input items, functions lose a level of nesting, the form of the answer moves to `text.format`. The
answer is not stored at the service.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmhub.core.errors import ValidationError
from providers.registry import Target
from providers.transports.base import Json
from providers.transports.legacy_functions import to_tools
from providers.transports.openai_dialect import left_out_note, with_effect
from providers.transports.responses_perplexity import for_perplexity

SAME = frozenset(
    {"temperature", "top_p", "stream", "parallel_tool_calls", "metadata", "user", "service_tier"}
    | {"safety_identifier", "prompt_cache_key", "prompt_cache_retention", "previous_response_id"}
    | {"instructions", "include", "truncation", "max_tool_calls", "reasoning", "text"}
)
_TURNED = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "tools", "tool_choice"}
    | {"response_format", "reasoning_effort", "verbosity", "web_search_options"}
    | {"stream_options", "store"}
)


@dataclass(frozen=True, slots=True)
class Built:
    """A request; `legacy` says that the caller speaks of functions."""

    body: Json
    legacy: bool
    notes: tuple[str, ...]


def built(target: Target, chat: Json) -> Built:
    """The request for a chat. Raises ValidationError for content that has no counterpart."""
    legacy = to_tools(chat)
    body: Json = {
        "model": target.upstream_model,
        "input": [item for message in _numbered(chat["messages"]) for item in _items(*message)],
        **{name: chat[name] for name in SAME if chat.get(name) is not None},
        "store": bool(chat.get("store")),
    }
    if limit := chat.get("max_completion_tokens") or chat.get("max_tokens"):
        body["max_output_tokens"] = limit
    if effort := chat.get("reasoning_effort"):
        body["reasoning"] = {"effort": effort, "summary": "auto", **(body.get("reasoning") or {})}
    _tools(chat, body)
    _form(chat, body)
    unknown = {name: chat[name] for name in chat.keys() - SAME - _TURNED}
    if target.access.provider.quirks.searches:
        unknown = for_perplexity(target, chat, body, unknown)
    notes = left_out_note(target.access.provider.label, with_effect(unknown))
    return Built(body, legacy, notes)


def _tools(chat: Json, body: Json) -> None:
    tools = [_tool(tool) for tool in chat.get("tools") or ()]
    search = chat.get("web_search_options")
    if search is not None:
        tools.append({"type": "web_search", **_flat_place(search)})
    if tools:
        body["tools"] = tools
        choice = chat.get("tool_choice")
        if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
            choice = {"type": "function", "name": choice["function"].get("name")}
        if choice is not None:
            body["tool_choice"] = choice


def _tool(tool: Json) -> Json:
    function = tool.get("function")
    return {"type": "function", **function} if isinstance(function, dict) else tool


def _flat_place(options: Json) -> Json:
    """Chat's web_search_options nest an approximate location one level deeper."""
    place = options.get("user_location")
    if not isinstance(place, dict) or "approximate" not in place:
        return options
    return {**options, "user_location": {"type": "approximate", **place["approximate"]}}


def _form(chat: Json, body: Json) -> None:
    text = dict(body.get("text") or {})
    wanted = chat.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type"):
        described = wanted.get("json_schema") or {}
        text["format"] = {"type": wanted["type"], **described}
    if chat.get("verbosity"):
        text["verbosity"] = chat["verbosity"]
    if text:
        body["text"] = text


# --- messages ---------------------------------------------------------------------------------


def _numbered(messages: list[Json]) -> Iterator[tuple[Json, str]]:
    for position, message in enumerate(messages):
        yield message, f"messages[{position}]"


def _items(message: Json, where: str) -> Iterator[Json]:
    role = message["role"]
    if role == "tool":
        yield {
            "type": "function_call_output",
            "call_id": message.get("tool_call_id") or "",
            "output": _plain(message.get("content")),
        }
        return
    content = _content(message.get("content"), role, where)
    if content:
        yield {"type": "message", "role": role, "content": content}
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        yield {
            "type": "function_call",
            "call_id": call.get("id") or "",
            "name": function.get("name") or "",
            "arguments": function.get("arguments") or "{}",
        }


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content or ())


def _content(content: Any, role: str, where: str) -> str | list[Json]:
    if content is None or isinstance(content, str):
        return content or ""
    return [
        _part(part, role, f"{where}.content[{position}]") for position, part in enumerate(content)
    ]


def _part(part: Json, role: str, where: str) -> Json:
    kind = part["type"]
    if kind in {"text", "input_text", "output_text"}:
        named = "output_text" if role == "assistant" else "input_text"
        return {"type": named, "text": part.get("text") or ""}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part.get("refusal") or ""}
    if kind == "image_url":
        given = part.get("image_url")
        image = given if isinstance(given, dict) else {"url": given}
        turned = {"type": "input_image", "image_url": image.get("url")}
        return turned | ({"detail": image["detail"]} if image.get("detail") else {})
    if kind == "file":
        return {"type": "input_file", **(part.get("file") or {})}
    if kind.startswith("input_"):
        return part
    raise ValidationError(f"{where}: this provider takes no {kind}.", param=where)
