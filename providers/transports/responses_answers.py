"""From a Response to a chat completion: content, calls, sources, the reason of the end, usage.

https://platform.openai.com/docs/api-reference/responses/object; Perplexity's own items (search
results) and its cost as in https://docs.perplexity.ai/docs/agent-api.
"""

import time
from collections.abc import Iterable
from typing import Any

from providers.registry import Target
from providers.transports import upstream_errors
from providers.transports.base import Json

_FAILED = frozenset({"failed", "cancelled"})


def completion(target: Target, response: Json) -> Json:
    """The chat completion. Raises an LLMHubError for a response that failed."""
    check(target, response)
    items = items_of(response)
    return {
        **head(response, "chat.completion"),
        "choices": [
            {
                "index": 0,
                "message": _message(items),
                "finish_reason": finish_reason(response, calls=any(map(is_call, items))),
            }
        ],
        **sources(items),
        **({"usage": usage(response["usage"])} if response.get("usage") else {}),
    }


def check(target: Target, response: Json) -> None:
    """Raise what a response reports although it came with status 200."""
    if response.get("error") or response.get("status") in _FAILED:
        error = response.get("error") or {"message": f"the response was {response['status']}"}
        raise upstream_errors.from_event(target, error)


def head(response: Json, kind: str) -> Json:
    """The fields with which a completion or a chunk begins."""
    return {
        "id": response.get("id") or "",
        "object": kind,
        "created": int(response.get("created_at") or time.time()),
        "model": response.get("model") or "",
    }


def items_of(response: Json) -> list[Json]:
    """The items of a response's output."""
    return [item for item in response.get("output") or () if isinstance(item, dict)]


def is_call(item: Json) -> bool:
    """Whether an item calls a function of the caller's."""
    return item.get("type") == "function_call"


def tool_call(item: Json) -> Json:
    """A function_call item as a tool call."""
    function = {"name": item.get("name") or "", "arguments": item.get("arguments") or ""}
    return {"id": item.get("call_id") or "", "type": "function", "function": function}


def text_of(items: Iterable[Json]) -> str:
    """The text of the messages among the items."""
    return "".join(part.get("text") or "" for part in _parts(items, "output_text"))


def _message(items: list[Json]) -> Json:
    calls = [tool_call(item) for item in items if is_call(item)]
    text = text_of(items)
    message: Json = {"role": "assistant", "content": text if text or not calls else None}
    thoughts = [
        part.get("text") or ""
        for item in items
        if item.get("type") == "reasoning"
        for part in [*(item.get("summary") or ()), *(item.get("content") or ())]
    ]
    if any(thoughts):
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    if refused := "".join(p.get("refusal") or "" for p in _parts(items, "refusal")):
        message["refusal"] = refused
    cited = [a for p in _parts(items, "output_text") for a in annotations(p.get("annotations"))]
    if cited:
        message["annotations"] = cited
    return message


def _parts(items: Iterable[Json], kind: str) -> list[Json]:
    return [
        part
        for item in items
        if item.get("type") == "message"
        for part in item.get("content") or ()
        if part.get("type") == kind
    ]


def annotations(given: Any) -> list[Json]:
    """Citations of web pages, nested as a chat completion has them."""
    return [
        {
            "type": "url_citation",
            "url_citation": {key: value for key, value in cited.items() if key != "type"},
        }
        for cited in given or ()
        if isinstance(cited, dict) and cited.get("type") == "url_citation"
    ]


def sources(items: Iterable[Json]) -> Json:
    """Perplexity's search results, as the Sonar API gave them: whole, and as a list of URLs."""
    results = [
        result
        for item in items
        if item.get("type") == "search_results"
        for result in item.get("results") or ()
    ]
    if not results:
        return {}
    urls = dict.fromkeys(result["url"] for result in results if result.get("url"))
    return {"citations": list(urls), "search_results": results}


def finish_reason(response: Json, *, calls: bool) -> str:
    """Why the answer ended, in a chat's words."""
    reason = (response.get("incomplete_details") or {}).get("reason")
    if response.get("status") == "incomplete":
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if calls else "stop"


def usage(reported: Json) -> Json:
    """The usage in a chat's words. Perplexity's cost, an object there, is the total in USD."""
    inputs, outputs = (reported.get(f"{side}_tokens_details") or {} for side in ("input", "output"))
    prompt, output = reported.get("input_tokens") or 0, reported.get("output_tokens") or 0
    turned: Json = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": reported.get("total_tokens") or prompt + output,
        "prompt_tokens_details": {
            "cached_tokens": inputs.get("cached_tokens")
            or inputs.get("cache_read_input_tokens")
            or 0,
            "cache_write_tokens": inputs.get("cache_creation_input_tokens") or 0,
        },
        "completion_tokens_details": {"reasoning_tokens": outputs.get("reasoning_tokens") or 0},
    }
    cost = reported.get("cost")
    if isinstance(cost, dict):
        turned |= {"cost": cost.get("total_cost"), "cost_details": cost}
    if reported.get("tool_calls_details"):
        turned["tool_calls_details"] = reported["tool_calls_details"]
    return turned
