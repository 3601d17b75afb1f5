"""Deciding which tools to call, and with what arguments."""

import re
from typing import Final

from .conversation import Ask, Tool
from .reply import ToolCall
from .schema_instances import Hints, json_instance
from .tokens import split_tokens
from .topics import names_in, numbers_in, topic_of

_MOST_CALLS: Final = 8
_NAME_PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_SAYS_TOOL: Final = re.compile(r"\b(?:use|call)\s+(?:the|a|your|both|all)?\s*(?:the\s)?tools?\b")
_COMMON_PARTS: Final = frozenset({"call", "create", "current", "fetch", "find", "from", "make"})


def tool_calls(ask: Ask) -> tuple[ToolCall, ...]:
    """The calls that answer `ask`; none if it wants words."""
    chosen = _chosen_tools(ask)
    planned = [(tool, hints) for tool in chosen for hints in _hints_for(tool, ask)]
    if not ask.tool_choice.parallel:
        planned = planned[:1]
    return tuple(
        _call(tool, hints, ask.turn, place)
        for place, (tool, hints) in enumerate(planned[:_MOST_CALLS])
    )


def _chosen_tools(ask: Ask) -> list[Tool]:
    choice = ask.tool_choice
    if choice.only is not None:
        return [tool for tool in ask.tools if tool.name == choice.only]
    if choice.mode == "none" or (ask.tool_results and choice.mode == "auto"):
        return []
    asked = [tool for tool in ask.tools if _is_asked_for(tool, ask.prompt)]
    if asked:
        return asked
    says_tool = _SAYS_TOOL.search(ask.prompt.lower())
    if says_tool is None:
        return list(ask.tools[:1]) if choice.mode == "required" else []
    return list(ask.tools) if says_tool[0].endswith("s") else list(ask.tools[:1])


def _is_asked_for(tool: Tool, prompt: str) -> bool:
    """True if the prompt has the tool's name, or a telling word of it."""
    lowered = prompt.lower()
    name = tool.name.lower()
    if name in lowered or name.replace("_", " ") in lowered:
        return True
    parts = (part.lower() for part in _NAME_PARTS.findall(tool.name))
    telling = (part for part in parts if len(part) >= 4 and part not in _COMMON_PARTS)
    return any(re.search(rf"\b{part}", lowered) for part in telling)


def _hints_for(tool: Tool, ask: Ask) -> list[Hints]:
    """One set of hints for each call: a tool with one free text is called for each name."""
    prompt = ask.prompt
    names = tuple(name for name in names_in(prompt) if name != tool.name)
    topic, numbers = topic_of(prompt), numbers_in(prompt)
    if len(names) > 1 and _free_texts(tool) == 1:
        return [Hints(topic, (name,), numbers) for name in names]
    return [Hints(topic, names, numbers)]


def _free_texts(tool: Tool) -> int:
    """How many string arguments a call has to fill in."""
    properties = tool.parameters.get("properties") or {}
    required = tool.parameters.get("required") or list(properties)
    needed = (properties.get(name) for name in required)
    return sum(map(_is_free_text, needed))


def _is_free_text(schema: object) -> bool:
    match schema:
        case {"enum": _}:
            return False
        case {"type": "string" | "STRING"}:
            return True
        case _:
            return False


def _call(tool: Tool, hints: Hints, turn: int, place: int) -> ToolCall:
    schema = {**tool.parameters, "type": "object"}
    arguments = split_tokens(json_instance(schema, hints))
    return ToolCall(f"call_sim_{turn}_{place}", tool.name, arguments)
