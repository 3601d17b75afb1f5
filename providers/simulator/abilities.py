"""What every simulated model can really do.

- `echo: …` answers the rest word for word;
- `repeat it` answers what the assistant said before in this conversation, which shows that each
  conversation has a history of its own;
- `pick a random number between 1 and 100` answers with a number.
"""

import random
import re
import time
from typing import Final

from .conversation import Ask

_ECHO: Final = re.compile(r"\s*echo:[ \t]?(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_AGAIN: Final = r"""(?:\s+(?:it|that|this|again|please|once\ more|the\ number|what\ you\ said
    |your\ (?:last\ |previous\ )?answer))"""
_REPEAT: Final = re.compile(
    rf"""\s*(?:(?:please|now|ok(?:ay)?|(?:can|could|would)\ you)[\s,]+)*
    (?:repeat{_AGAIN}* | (?:say|tell\ me){_AGAIN}+)[\s.!?]*""",
    re.IGNORECASE | re.VERBOSE,
)
_RANDOM: Final = re.compile(
    r"\brandom\s+(?:\w+\s+)?number\b|\bpick\s+(?:a|any)\s+number\b", re.IGNORECASE
)
_RANGE: Final = re.compile(r"(-?\d{1,15})\s*(?:and|to|-)\s*(-?\d{1,15})")
_USUAL_RANGE: Final = (1, 1000)


def able_answer(ask: Ask, choice: int) -> str | None:
    """The answer, if the prompt asks for an ability. `choice` counts the answers of a request."""
    prompt = ask.prompt
    if echo := _ECHO.fullmatch(prompt):
        return echo["rest"]
    if _REPEAT.fullmatch(prompt):
        return ask.last_answer or "There is nothing to repeat: I have not said anything here yet."
    if _RANDOM.search(prompt):
        return f"My random number is **{_number(ask, choice)}**."
    return None


def _number(ask: Ask, choice: int) -> int:
    asked = _RANGE.search(ask.prompt)
    low, high = sorted((int(asked[1]), int(asked[2]))) if asked else _USUAL_RANGE
    seed = f"{ask.model.id} {ask.options.seed} {choice} {time.time_ns()}"
    return random.Random(seed).randint(low, high)
