"""What a request asks of the simulator: in `x-sim-…` headers or after a `:` in the model's name.

| in the name | header | meaning |
|---|---|---|
| `ttft` | `x-sim-ttft-ms` | milliseconds until the first token |
| `tps` | `x-sim-tokens-per-second` | speed; 0 waits for nothing |
| `tokens` | `x-sim-tokens` | length of the answer, in tokens (prose only) |
| `jitter` | `x-sim-jitter` | 0 to 1: share by which waits vary |
| `cached` | `x-sim-cached-tokens` | prompt tokens reported as read from a cache |
| `fault` | `x-sim-fault` | one of `faults.FAULTS` |
| `times` | in `x-sim-fault` | only the first so many requests fail |
| `slow`, `stall` | in `x-sim-fault` | the fault of that name, with its seconds |
| `retry-after` | in `x-sim-fault` | seconds in a 429's header |

The header of a fault may carry its details: `x-sim-fault: 500,times=2` or `x-sim-fault: slow=5`.
A header wins over the name. A pace that is set is kept exactly: it turns jitter off.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from .faults import DEFAULT_RETRY_AFTER_S, FAULTS, Fault
from .models import FAULT_MODEL, FAULT_PREFIX, MODELS, Model
from .pacing import Pace
from .problems import invalid, unknown_model

HEADER_PREFIX: Final = "x-sim-"
SESSION_HEADER: Final = "x-sim-session"
REQUIRED_KEY_HEADER: Final = "x-sim-require-key"

_HEADER_SETTINGS: Final = {
    "x-sim-ttft-ms": "ttft",
    "x-sim-tokens-per-second": "tps",
    "x-sim-tokens": "tokens",
    "x-sim-jitter": "jitter",
    "x-sim-cached-tokens": "cached",
}
_FAULT_HEADER: Final = "x-sim-fault"
_OTHER_HEADERS: Final = frozenset({_FAULT_HEADER, SESSION_HEADER, REQUIRED_KEY_HEADER})

Settings = Mapping[str, str]
"""Settings as written, by the name that they have after a `:`."""

SimHeaders = tuple[tuple[str, str], ...]

_SETTINGS: Final = frozenset(
    {*_HEADER_SETTINGS.values(), "fault", "times", "slow", "stall", "retry-after"}
)
_MOST_TOKENS: Final = 1_000_000

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Target:
    """The model that a request names, with the request's settings applied."""

    model: Model
    pace: Pace
    tokens: int | None = None
    cached_tokens: int = 0
    fault: Fault | None = None


@lru_cache(maxsize=1024)
def resolve_target(name: str, headers: SimHeaders = ()) -> Target:
    """Read a model's name and the request's `x-sim-…` headers.

    Raises `RequestRefusedError`: 404 for an unknown model, 400 for an unknown or wrong setting.
    """
    base, _, suffix = name.partition(":")
    model, settings = _named_model(base)
    settings = {**settings, **_parse_list(suffix), **_parse_headers(headers)}
    unknown = settings.keys() - _SETTINGS
    if unknown:
        raise invalid(f"Unknown simulator settings: {', '.join(sorted(unknown))}.", "model")
    return Target(
        model=model,
        pace=_pace(model, settings),
        tokens=_take(settings, "tokens", _whole),
        cached_tokens=_take(settings, "cached", _whole) or 0,
        fault=_fault(settings),
    )


def _named_model(base: str) -> tuple[Model, Settings]:
    if base in MODELS:
        return MODELS[base], {}
    if base.startswith(FAULT_PREFIX):
        return FAULT_MODEL, {"fault": base.removeprefix(FAULT_PREFIX)}
    raise unknown_model(base)


def _parse_list(text: str) -> Settings:
    """Read `name=value,name=value`."""
    items = (item.strip() for item in text.split(","))
    pairs = (item.partition("=") for item in items if item)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parse_headers(headers: SimHeaders) -> Settings:
    settings: dict[str, str] = {}
    for name, value in headers:
        if name == _FAULT_HEADER:
            settings |= _parse_fault_header(value)
        elif name in _HEADER_SETTINGS:
            settings[_HEADER_SETTINGS[name]] = value
        elif name not in _OTHER_HEADERS:
            settings[name] = value
    return settings


def _parse_fault_header(value: str) -> Settings:
    first = value.partition(",")[0]
    return _parse_list(value if "=" in first else f"fault={value}")


def _pace(model: Model, settings: Settings) -> Pace:
    ttft_ms = _take(settings, "ttft", _positive)
    speed = _take(settings, "tps", _positive)
    jitter = _take(settings, "jitter", _share)
    is_set = ttft_ms is not None or speed is not None
    return Pace(
        ttft_s=(model.ttft_ms if ttft_ms is None else ttft_ms) / 1000,
        tokens_per_second=model.tokens_per_second if speed is None else speed,
        jitter=(0.0 if is_set else model.jitter) if jitter is None else jitter,
    )


def _fault(settings: Settings) -> Fault | None:
    slow = _take(settings, "slow", _positive)
    stall = _take(settings, "stall", _positive)
    implied = "slow" if slow is not None else "stall" if stall is not None else None
    name = settings.get("fault", implied)
    if name is None:
        return None
    if name not in FAULTS:
        raise invalid(f"Unknown simulator fault: {name!r}. There are: {', '.join(FAULTS)}.")
    retry_after_s = _take(settings, "retry-after", _positive)
    return Fault(
        name=name,
        seconds=stall if name == "stall" else slow,
        times=_take(settings, "times", _whole),
        retry_after_s=DEFAULT_RETRY_AFTER_S if retry_after_s is None else retry_after_s,
    )


def _take(settings: Settings, name: str, read: Callable[[str], _Read]) -> _Read | None:
    value = settings.get(name)
    if value is None:
        return None
    try:
        return read(value)
    except ValueError:
        raise invalid(f"Simulator setting {name!r} cannot be {value!r}.", "model") from None


def _positive(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError(text)
    return number


def _share(text: str) -> float:
    number = _positive(text)
    if number > 1:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MOST_TOKENS:
        raise ValueError(text)
    return number


def simulator_headers(headers: Iterable[tuple[str, str]]) -> SimHeaders:
    """Those of a request's headers that are settings."""
    return tuple(sorted(item for item in headers if item[0].startswith(HEADER_PREFIX)))
