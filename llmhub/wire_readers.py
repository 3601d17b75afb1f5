"""Recorded requests of wires that are not the hub's own language; see llmhub.gateway.recorded."""

from typing import Any

from llmhub.api.wires.anthropic import requests as messages
from llmhub.api.wires.openai import completion_texts
from llmhub.api.wires.openai.responses import requests as responses
from llmhub.core.errors import ValidationError
from llmhub.gateway import validation
from llmhub.gateway.recorded import wire_reader

_OF_MESSAGES = frozenset(
    {"system", "stop_sequences", "thinking", "top_k", "output_config", "output_format"}
)
_BLOCKS = frozenset({"tool_use", "tool_result", "image", "document", "thinking"})


@wire_reader
def of_messages(body: dict[str, Any]) -> dict[str, Any] | None:
    """Anthropic's Messages. One that could be a chat as well means the same as a chat."""
    if not isinstance(body.get("messages"), list) or not _is_of_messages(body):
        return None
    return messages.to_chat(messages.check(body, needs_limit=False), strict=True)


def _is_of_messages(body: dict[str, Any]) -> bool:
    tools = body.get("tools") or []
    return (
        bool(_OF_MESSAGES & body.keys())
        or any(isinstance(tool, dict) and "input_schema" in tool for tool in tools)
        or any(_has_blocks(message) for message in body["messages"])
    )


def _has_blocks(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    parts = content if isinstance(content, list) else []
    return any(isinstance(part, dict) and part.get("type") in _BLOCKS for part in parts)


@wire_reader
def of_responses(body: dict[str, Any]) -> dict[str, Any] | None:
    """OpenAI's Responses; one that goes on from another can't be read alone."""
    if "input" not in body or "messages" in body:
        return None
    return responses.to_chat(responses.check_alone(body))


@wire_reader
def of_completions(body: dict[str, Any]) -> dict[str, Any] | None:
    """The older completions, of one prompt."""
    if "prompt" not in body or "messages" in body:
        return None
    prompt = validation.completion(body)["prompt"]
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if len(prompts) != 1:
        raise ValidationError("prompt has several texts, each of which was a call.", param="prompt")
    return completion_texts.to_chat(body, prompts[0])
