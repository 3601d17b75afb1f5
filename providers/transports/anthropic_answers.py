"""From Anthropic's messages to chat completions: content, the reason of the end, usage.

Thinking becomes `reasoning_content`. Its signed blocks are kept in `thinking_blocks`, in which they
can be sent back with the assistant's message; Anthropic wants that within a turn of tool calls.
"""

import time
from typing import Any

import orjson

from providers.transports.base import Json

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
THINKING = frozenset({"thinking", "redacted_thinking"})


def completion(message: Json, json_tool: str | None) -> Json:
    """The chat completion for a message. The input of `json_tool` becomes the text."""
    blocks = [block for block in message.get("content") or () if isinstance(block, dict)]
    return {
        "id": message.get("id") or "",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": message.get("model") or "",
        "choices": [
            {
                "index": 0,
                "message": _message(blocks, message, json_tool),
                **ending(message, calls_tools=_calls_tools(blocks, json_tool)),
            }
        ],
        **({"usage": usage(message["usage"])} if message.get("usage") else {}),
    }


def ending(said: Json, *, calls_tools: bool) -> Json:
    """`finish_reason`, and the stop sequence as `stop_reason`, the name that vLLM gave it."""
    reason = said.get("stop_reason") or "end_turn"
    finish = FINISH_REASONS.get(reason, "stop")
    if finish == "tool_calls" and not calls_tools:
        finish = "stop"
    found: Json = {"finish_reason": finish}
    if said.get("stop_sequence"):
        found["stop_reason"] = said["stop_sequence"]
    return found


def _calls_tools(blocks: list[Json], json_tool: str | None) -> bool:
    return any(b["type"] == "tool_use" and b.get("name") != json_tool for b in blocks)


def _message(blocks: list[Json], whole: Json, json_tool: str | None) -> Json:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    calls = []
    for block in blocks:
        if block["type"] == "tool_use":
            if block.get("name") == json_tool:
                texts = [arguments(block)]
            else:
                calls.append(tool_call(block, arguments(block)))
    message: Json = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thoughts := [block.get("thinking") or "" for block in blocks if block["type"] == "thinking"]:
        message["reasoning_content"] = "".join(thoughts)
    if signed := [block for block in blocks if block["type"] in THINKING]:
        message["thinking_blocks"] = signed
    if calls:
        message["tool_calls"] = calls
    if found := [a for block in blocks for a in annotations(block.get("citations"))]:
        message["annotations"] = found
    if explained := (whole.get("stop_details") or {}).get("explanation"):
        message["refusal"] = explained
    return message


def arguments(block: Json) -> str:
    """A tool's input as JSON."""
    return orjson.dumps(block.get("input") or {}).decode()


def tool_call(block: Json, written: str) -> Json:
    """A tool_use block as a tool call, with its arguments as far as they are known."""
    function = {"name": block.get("name") or "", "arguments": written}
    return {"id": block.get("id") or "", "type": "function", "function": function}


def annotations(citations: Any) -> list[Json]:
    """Citations of web pages as OpenAI's annotations."""
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": cited["url"], "title": cited.get("title") or ""},
        }
        for cited in citations or ()
        if isinstance(cited, dict) and cited.get("url")
    ]


def usage(reported: Json) -> Json:
    """Anthropic's classes, which don't overlap, as OpenAI's, where the prompt includes the cache.

    `cache_write_tokens` is OpenRouter's name for what was written to the cache.
    """
    read = reported.get("cache_read_input_tokens") or 0
    written = reported.get("cache_creation_input_tokens") or 0
    prompt = (reported.get("input_tokens") or 0) + read + written
    output = reported.get("output_tokens") or 0
    turned: Json = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
    }
    thought = (reported.get("output_tokens_details") or {}).get("thinking_tokens")
    if thought is not None:
        turned["completion_tokens_details"] = {"reasoning_tokens": thought}
    for name in ("cache_creation", "server_tool_use", "service_tier"):
        if reported.get(name):
            turned[name] = reported[name]
    return turned
