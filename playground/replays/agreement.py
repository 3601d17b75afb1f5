"""How far an answer says the same as another one, between 0 and 1.

- Where either calls tools: 1 if both call the same tools with the same arguments, else 0. Order,
  and how the arguments' JSON is written, do not matter.
- Where both are JSON objects or lists: the share of values that both have at the same place (F1).
- Where the recorded answer has ten words at most: 1 if both are the same words, else 0.
- Otherwise: the share of words that both have (F1 over the bags of words, as in SQuAD; Rajpurkar
  et al., EMNLP 2016).

Case, punctuation and space do not matter. Words say little of meaning: "not" changes one word, and
a good paraphrase shares few. So this is a hint of where to look, and no measure of quality.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from playground.replays.answers import Said, ToolCall

SHORT_WORDS = 10
AGREES_FROM = 0.5
_WORD = re.compile(r"\w+(?:[.,:/'’-]\w+)*")
_FENCE = re.compile(r"\A\s*```[a-z]*\n(.*)\n```\s*\Z", re.DOTALL)


class Measure(StrEnum):
    """What was compared."""

    TOOLS = "tools"
    JSON = "json"
    EXACT = "exact"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Agreement:
    """`score` is 1 for the same and 0 for nothing in common."""

    measure: Measure
    score: float


def agreement(recorded: Said, answer: Said) -> Agreement:
    """How far `answer` says the same as `recorded`."""
    if recorded.tools or answer.tools:
        return Agreement(Measure.TOOLS, float(_calls(recorded) == _calls(answer)))
    one, other = _json(recorded.text), _json(answer.text)
    if one is not None and other is not None:
        return Agreement(Measure.JSON, _overlap(Counter(_leaves(one)), Counter(_leaves(other))))
    words, said = _words(recorded.text), _words(answer.text)
    if len(words) <= SHORT_WORDS:
        return Agreement(Measure.EXACT, float(words == said))
    return Agreement(Measure.WORDS, _overlap(Counter(words), Counter(said)))


def is_same(recorded: Said, answer: Said) -> bool:
    """Whether nobody needs to be asked which is better: only space differs."""
    same_text = recorded.text.split() == answer.text.split()
    return same_text and _calls(recorded) == _calls(answer)


def _overlap(one: "Counter[Any]", other: "Counter[Any]") -> float:
    """F1 of two bags; two empty ones are the same."""
    if not one and not other:
        return 1.0
    common = (one & other).total()
    return 2 * common / (one.total() + other.total())


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _calls(said: Said) -> "Counter[tuple[str, str]]":
    return Counter((tool.name, _arguments(tool)) for tool in said.tools)


def _arguments(tool: ToolCall) -> str:
    try:
        return _written(orjson.loads(tool.arguments or "{}"))
    except orjson.JSONDecodeError:
        return tool.arguments


def _written(value: Any) -> str:
    """JSON in one way of writing it; 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        pairs = sorted((orjson.dumps(name).decode(), _written(one)) for name, one in value.items())
        return "{" + ",".join(f"{name}:{one}" for name, one in pairs) + "}"
    return orjson.dumps(value).decode()


def _json(text: str) -> Any:
    """An object or a list, also in a code fence; None for anything else."""
    fenced = _FENCE.match(text)
    try:
        value = orjson.loads(fenced[1] if fenced else text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value that holds no others, with the place where it stands."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _leaves(one, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for place, one in enumerate(value):
            yield from _leaves(one, f"{path}[{place}]")
    else:
        yield path, _written(value)
