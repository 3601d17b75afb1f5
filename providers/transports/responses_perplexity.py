"""Perplexity's Agent API, which speaks the Responses wire with words of its own.

https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar. The API refuses fields that it does
not know. Its own models search the web only if they are given the tool for it, so they get it
unless a request says `disable_search`; other vendors' models get it for `web_search_options`. The
parameters of the Sonar API, which ended in September 2026, and its models' names still work.
"""

from typing import Any

from providers.registry import Target
from providers.transports.base import Json

SMALLEST_LIMIT = 16
DEFAULT_LIMIT = 4096
_MODELS = {
    "sonar": "perplexity/sonar",
    "sonar-pro": "preset/low",
    "sonar-reasoning": "preset/low",
    "sonar-reasoning-pro": "preset/low",
    "sonar-deep-research": "preset/medium",
}
_KNOWN = frozenset(
    {"model", "preset", "models", "input", "instructions", "tools", "tool_choice", "reasoning"}
    | {"max_output_tokens", "temperature", "top_p", "stream", "parallel_tool_calls", "metadata"}
    | {"store", "truncation", "max_tool_calls", "max_steps", "previous_response_id"}
    | {"language_preference", "response_format"}
)
_FILTERS = (
    "search_domain_filter",
    "search_recency_filter",
    "search_after_date_filter",
    "search_before_date_filter",
    "last_updated_after_filter",
    "last_updated_before_filter",
)


def for_perplexity(target: Target, chat: Json, body: Json, unknown: Json) -> Json:
    """Put a Responses request into Perplexity's words. Returns what is left out."""
    model = _MODELS.get(target.upstream_model, target.upstream_model)
    searches = not unknown.get("disable_search") and (
        model.startswith("perplexity/") or "web_search_options" in chat
    )
    _search(body, unknown, searches=searches)
    if model.startswith("preset/"):
        body["preset"] = model.removeprefix("preset/")
        del body["model"]
    else:
        body["model"] = model
    if model.startswith("anthropic/"):
        body.setdefault("max_output_tokens", target.price.max_output or DEFAULT_LIMIT)
    if "max_output_tokens" in body:
        body["max_output_tokens"] = max(body["max_output_tokens"], SMALLEST_LIMIT)
    _form(chat, body)
    body |= {name: unknown.pop(name) for name in _KNOWN & unknown.keys()}
    return unknown | {name: body.pop(name) for name in body.keys() - _KNOWN}


def _form(chat: Json, body: Json) -> None:
    """The form of the answer stays where a chat has it; efforts have no summary."""
    body.pop("text", None)
    if (chat.get("response_format") or {}).get("type") not in {None, "text"}:
        body["response_format"] = chat["response_format"]
    if "reasoning" in body:
        body["reasoning"] = {"effort": body["reasoning"].get("effort") or "medium"}
    if isinstance(choice := body.get("tool_choice"), dict) and choice.get("type") == "function":
        body["tool_choice"] = {"name": choice.get("name")}


def _search(body: Json, unknown: Json, *, searches: bool) -> None:
    """The web_search tool, with what the request says of the search."""
    unknown.pop("disable_search", None)
    tools: list[Json] = body.pop("tools", [])
    found = [tool for tool in tools if tool.get("type") == "web_search"]
    others = [tool for tool in tools if tool.get("type") != "web_search"]
    filters = {name: unknown.pop(name) for name in _FILTERS if name in unknown}
    most: Any = unknown.pop("num_search_results", None)
    if found or searches or filters or most:
        tool: Json = {**(found[0] if found else {}), "type": "web_search"}
        if filters:
            tool["filters"] = {**(tool.get("filters") or {}), **filters}
        if most:
            tool["max_results"] = most
        others.append(tool)
    if others:
        body["tools"] = others
