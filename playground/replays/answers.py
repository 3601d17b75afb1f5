"""What a model said in answer to a call: its text and the tools that it called."""

from dataclasses import dataclass
from typing import Any

import orjson

from llmhub.gateway import answers


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool by its name, and what it was called with, as the model wrote it."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: text, calls of tools, or both."""

    text: str = ""
    tools: tuple[ToolCall, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.tools

    @property
    def shown(self) -> str:
        """All of it as text: for people, for the judge."""
        calls = [f"{tool.name}({tool.arguments})" for tool in self.tools]
        return "\n\n".join(part for part in (self.text, "\n".join(calls)) if part)

    def kept(self) -> dict[str, Any]:
        """As JSON; `of_kept` reads it."""
        tools = [{"name": tool.name, "arguments": tool.arguments} for tool in self.tools]
        return {"text": self.text, "tools": tools}


def of_kept(kept: dict[str, Any] | None) -> Said | None:
    """What `Said.kept` wrote; None for what is not kept any more."""
    if kept is None:
        return None
    return Said(kept["text"], tuple(ToolCall(**tool) for tool in kept["tools"]))


def of_completion(completion: dict[str, Any]) -> Said:
    """The first choice of an answer of the OpenAI wire."""
    whole = answers.whole(completion)
    functions = [call["function"] for call in whole.calls]
    return Said(whole.text, tuple(ToolCall(call["name"], call["arguments"]) for call in functions))


def of_recorded(body: str) -> Said | None:
    """An answer as a record keeps it, a completion or its message; None for anything else."""
    try:
        found = orjson.loads(body)
        if not isinstance(found, dict):
            return None
        whole = found if found.get("choices") else {"choices": [{"message": found}]}
        said = of_completion(whole)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, IndexError):
        return None
    return None if said.is_empty else said
