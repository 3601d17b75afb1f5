"""How long a caller is ready to wait.

    30                          the whole call, with its retries and fallbacks
    first_token=5, idle=10      the waits of each attempt; also connect, total

is what the header `x-llmhub-timeout` takes. The body's `timeout` and Python's take a number, or an
object with these names. A caller can wait less than the credential allows, never longer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from llmhub.core.errors import CallTimeoutError, ValidationError
from providers.registry import Access, Target, Timeouts

HEADER: Final = "x-llmhub-timeout"
BODY_FIELD: Final = "timeout"
NAMES: Final = ("connect", "first_token", "idle", "total")
_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class CallTimeouts:
    """Seconds; None leaves a wait to the credential. `total` is of the whole call."""

    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    total: float | None = None

    @property
    def narrows(self) -> bool:
        """Whether one of the waits of an attempt is shortened."""
        return not (self.connect is None and self.first_token is None and self.idle is None)

    def within(self, allowed: Timeouts) -> Timeouts:
        """The waits of an attempt: the shorter ones of these and of the credential's."""
        return replace(
            allowed,
            connect=_shorter(self.connect, allowed.connect),
            first_token=_shorter(self.first_token, allowed.first_token),
            idle=_shorter(self.idle, allowed.idle),
        )

    def over(self) -> CallTimeoutError:
        """The error for a call whose time is over."""
        return CallTimeoutError(
            f"The call took longer than the {self.total:g} s that its caller gave it. "
            f"Give it more time ({HEADER} or {BODY_FIELD}), or take a faster model.",
            param=BODY_FIELD,
        )


def _shorter(asked: float | None, allowed: float) -> float:
    return allowed if asked is None else min(asked, allowed)


# --- Reading --------------------------------------------------------------------------------------


def of_header(text: str) -> CallTimeouts:
    """What the header says. Raises ValidationError."""
    if "=" not in text:
        return CallTimeouts(total=_number(text, HEADER))
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return _named({name.strip(): _number(value, HEADER) for name, _, value in pairs}, HEADER)


def of_value(value: Any, field: str = BODY_FIELD) -> CallTimeouts:
    """What a body's field or an argument says. Raises ValidationError."""
    if isinstance(value, Mapping):
        return _named({str(name): _seconds(s, field) for name, s in value.items()}, field)
    return CallTimeouts(total=_seconds(value, field))


def _named(seconds: dict[str, float], field: str) -> CallTimeouts:
    for name in seconds:
        if name not in NAMES:
            _refuse(field, f"names {name[:40]!r}; it knows {', '.join(NAMES)}")
    return CallTimeouts(**seconds)


def _number(text: str, field: str) -> float:
    try:
        return _seconds(float(text), field)
    except ValueError:
        _refuse(field, f"is {text.strip()[:40]!r}; it takes seconds, like 30 or first_token=5")


def _seconds(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(field, f"must be seconds, or an object with {', '.join(NAMES)}")
    if not 0 < value < math.inf:
        _refuse(field, "must be more than 0 seconds")
    return float(value)


def _refuse(field: str, problem: str) -> NoReturn:
    raise ValidationError(f"{field} {problem}.", param=field)


# --- Targets --------------------------------------------------------------------------------------

_narrowed: dict[tuple[str, CallTimeouts], tuple[Access, Access]] = {}


def narrowed(target: Target, asked: CallTimeouts | None) -> Target:
    """The target with the waits of this call. Its access is the same one for equal calls, so that
    what is kept for an access is found again."""
    if asked is None or not asked.narrows:
        return target
    access, key = target.access, (target.access.name, asked)
    known = _narrowed.get(key)
    if known is None or known[0] is not access:
        if len(_narrowed) >= _KEPT:
            _narrowed.clear()
        shorter = replace(access, timeouts=asked.within(access.timeouts))
        known = _narrowed[key] = (access, shorter)
    return replace(target, access=known[1])
