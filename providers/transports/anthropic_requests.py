"""From a chat request to one of Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages. What the API has no counterpart for is left out,
with a note; fields that are the API's own pass as they are.
"""

from dataclasses import dataclass
from typing import Any

from providers.registry import Target
from providers.transports import anthropic_messages
from providers.transports.anthropic_models import Generation, generation
from providers.transports.anthropic_schemas import strict
from providers.transports.anthropic_thinking import settle_thinking
from providers.transports.base import Json
from providers.transports.legacy_functions import to_tools
from providers.transports.openai_dialect import left_out_note, with_effect

DEFAULT_MAX_TOKENS = 4096
JSON_TOOL = "answer"
_JSON_ONLY = "Answer with one JSON object and nothing else: no prose around it, no code fence."
_EMPTY_SCHEMA: Json = {"type": "object", "properties": {}}

_THEIRS = (
    "thinking",
    "top_k",
    "output_config",
    "context_management",
    "container",
    "mcp_servers",
    "cache_control",
    "inference_geo",
    "speed",
)
_TURNED = frozenset(
    {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"}
    | {"temperature", "top_p", "stop", "tools", "tool_choice", "parallel_tool_calls", "user"}
    | {"metadata", "safety_identifier", "reasoning_effort", "response_format", "service_tier"}
)


@dataclass(frozen=True, slots=True)
class Built:
    """A request, and what must be known to read its answer.

    `json_tool` names the tool whose input is the answer; `legacy` says that the caller speaks of
    functions.
    """

    body: Json
    json_tool: str | None
    legacy: bool
    notes: tuple[str, ...]


def built(target: Target, chat: Json) -> Built:
    """The request for a chat. Raises ValidationError for content that has no counterpart."""
    model = target.upstream_model
    known = generation(model)
    legacy = to_tools(chat)
    system, turns = anthropic_messages.translated(chat["messages"])
    limit = _limit(target, chat)
    body: Json = {
        "model": model,
        "max_tokens": limit or DEFAULT_MAX_TOKENS,
        "messages": turns,
        **{name: chat[name] for name in _THEIRS if chat.get(name) is not None},
    }
    if chat.get("stream"):
        body["stream"] = True
    unknown = {name: chat[name] for name in chat.keys() - _TURNED - set(_THEIRS)}
    left_out = with_effect(unknown)
    _tools(known, chat, body, left_out)
    json_tool = _format(known, chat, body, system)
    settle_thinking(known, chat, body, left_out, may_write_more=limit is None)
    _sampling(known, chat, body, left_out)
    _others(chat, body, left_out)
    if system:
        body["system"] = system
    notes = left_out_note(target.access.provider.label, left_out)
    return Built(body, json_tool, legacy, notes)


def _limit(target: Target, chat: Json) -> int | None:
    """`max_tokens` as the caller has it, else all that the model can write, if that is known."""
    return chat.get("max_completion_tokens") or chat.get("max_tokens") or target.price.max_output


# --- tools ------------------------------------------------------------------------------------


def _tools(known: Generation, chat: Json, body: Json, left_out: list[str]) -> None:
    if not chat.get("tools"):
        return
    body["tools"] = [_tool(known, tool) for tool in chat["tools"]]
    choice = _choice(chat.get("tool_choice"))
    if choice["type"] in {"any", "tool"} and not known.takes_forced_tools:
        choice = {"type": "auto"}
        left_out.append("tool_choice")
    if chat.get("parallel_tool_calls") is False and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    if choice != {"type": "auto"}:
        body["tool_choice"] = choice


def _tool(known: Generation, tool: Json) -> Json:
    """A function as a tool; tools of Anthropic's own (web search, …) as they are."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    turned: Json = {
        "name": function.get("name") or "",
        "input_schema": function.get("parameters") or _EMPTY_SCHEMA,
    }
    if function.get("description"):
        turned["description"] = function["description"]
    if function.get("strict") and known.takes_schema:
        turned |= {"strict": True, "input_schema": strict(turned["input_schema"])}
    if mark := tool.get("cache_control") or function.get("cache_control"):
        turned["cache_control"] = mark
    return turned


def _choice(choice: Any) -> Json:
    if isinstance(choice, dict):
        name = (choice.get("function") or choice).get("name")
        return {"type": "tool", "name": name} if name else {"type": choice.get("type") or "auto"}
    return {"type": {"none": "none", "required": "any", "any": "any"}.get(choice, "auto")}


# --- the form of the answer -------------------------------------------------------------------


def _format(known: Generation, chat: Json, body: Json, system: list[Json]) -> str | None:
    """Have the answer fit a schema: natively, else as the input of a tool, which it names."""
    wanted = chat.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") in {None, "text"}:
        return None
    described = wanted.get("json_schema") or {}
    schema = described.get("schema") or wanted.get("schema")
    if schema is None:
        system.append({"type": "text", "text": _JSON_ONLY})
        return None
    if known.takes_schema:
        form = {"type": "json_schema", "schema": strict(schema)}
        body["output_config"] = {**(body.get("output_config") or {}), "format": form}
        return None
    tool: Json = {"name": JSON_TOOL, "input_schema": schema}
    tool["description"] = described.get("description") or "Give the final answer with this."
    if body.get("tools"):
        body["tools"].append(tool)
        body["tool_choice"] = {"type": "any"}
    else:
        body["tools"] = [tool]
        body["tool_choice"] = {"type": "tool", "name": JSON_TOOL}
    return JSON_TOOL


# --- the rest ---------------------------------------------------------------------------------


def _sampling(known: Generation, chat: Json, body: Json, left_out: list[str]) -> None:
    """Temperature goes to 1 here. What the model or thinking forbids is left out."""
    thinks = (body.get("thinking") or {}).get("type") in {"enabled", "adaptive"}
    temperature, top_p = chat.get("temperature"), chat.get("top_p")
    if temperature is not None and temperature != 1:
        if thinks or not known.takes_sampling:
            left_out.append("temperature")
        else:
            body["temperature"] = min(max(temperature, 0), 1)
    if top_p is not None and top_p != 1:
        both = "temperature" in body and not known.takes_both_samplings
        if both or not known.takes_sampling or (thinks and top_p < 0.95):
            left_out.append("top_p")
        else:
            body["top_p"] = top_p
    if "top_k" in body and (thinks or not known.takes_sampling):
        del body["top_k"]
        left_out.append("top_k")


def _others(chat: Json, body: Json, left_out: list[str]) -> None:
    stops = chat.get("stop")
    listed = [stops] if isinstance(stops, str) else list(stops or ())
    if kept := [stop for stop in listed if stop.strip()]:
        body["stop_sequences"] = kept
    if len(kept) < len(listed):
        left_out.append("stop (of white space)")
    metadata = chat.get("metadata") or {}
    user = metadata.get("user_id") or chat.get("user") or chat.get("safety_identifier")
    if isinstance(user, str):
        body["metadata"] = {"user_id": user}
    if (tier := chat.get("service_tier")) in {"auto", "standard_only"}:
        body["service_tier"] = tier
    elif tier not in {None, "default"}:
        left_out.append("service_tier")
