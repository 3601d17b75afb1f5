"""What must hold of a configuration, whoever enters it: a person in the admin or a file.

Each check returns a sentence that says what is wrong and what would be right, or "" if all is well.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from providers.catalog import CATALOG
from providers.endpoints import PATHS
from providers.prices import CAPABILITIES

FALLBACK_FIELDS: Final = ("fallbacks", "context_fallbacks", "content_policy_fallbacks")
_TIMEOUT_OPTIONS: Final = (
    "connect_timeout_seconds",
    "first_token_timeout_seconds",
    "idle_timeout_seconds",
    "stream_timeout_seconds",
)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS: Final = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
_SECRET_OPTION: Final = re.compile(r"secret|password|token$|api_?key|private", re.IGNORECASE)


def near(name: str, known: Iterable[str]) -> str:
    """ " Did you mean x?" with the closest of `known`, or ""."""
    matches = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(matches)}?" if matches else ""


def key_problem(key: str) -> str:
    """What a copied API key can't contain."""
    if any(character.isspace() for character in key):
        return "The key contains white space. Copy it again, on its own."
    if not key.isascii() or not key.isprintable():
        return "The key contains characters that no key has. Copy it again, on its own."
    return ""


def headers_problem(headers: Any) -> str:
    """Extra headers are an object of names and texts, and none of those that HTTP itself sets."""
    if not isinstance(headers, dict):
        return 'Give an object of header names and texts, like {"X-Title": "Hub"}.'
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is no header name: letters, digits and - only."
        if name.lower() in _OWN_HEADERS:
            return f"{name} is set by the hub itself. Leave it out."
        if not isinstance(text, str):
            return f"The value of {name} must be a text, in quotes."
        if not text.isprintable() or not text.isascii():
            return f"The value of {name} has characters that no header may have."
    return ""


def options_problem(options: Any) -> str:
    """Options are a plain object: timeouts are numbers above 0, and secrets live elsewhere."""
    if not isinstance(options, dict):
        return 'Give an object, like {"api_version": "2024-10-21"}.'
    for name in _TIMEOUT_OPTIONS:
        seconds = options.get(name, 1)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            return f"{name} must be a number of seconds above 0."
    price = options.get("usd_per_1000_searches", 0)
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price <= 10_000:
        return "usd_per_1000_searches must be a number of US dollars, 0 or more."
    if (wire := options.get("wire")) is not None and wire not in PATHS:
        return f"wire must be one of {', '.join(PATHS)}."
    for name in options:
        if _SECRET_OPTION.search(name):
            return (
                f"{name} looks like a secret, and options are not encrypted. Use the API key or "
                "an extra header."
            )
    return ""


def capabilities_problem(capabilities: Any) -> str:
    """Capabilities are a list of known words."""
    if not isinstance(capabilities, list):
        return f"Give a list of {', '.join(CAPABILITIES)}."
    for name in capabilities:
        if name not in CAPABILITIES:
            return f"There is no capability {name!r}.{near(str(name), CAPABILITIES)}"
    return ""


def twin_problem(credential: str, model: str, before: Collection[tuple[str, str]]) -> str:
    """A model map has a credential's model once. `before` are those that it has already.

    Two would share their health and their name in records, so nobody could tell them apart.
    """
    if (credential, model) not in before:
        return ""
    return (
        f"{credential}/{model} is a deployment of this model already. Leave this one out; for a "
        "larger share of the calls, raise the weight of the other."
    )


def fallback_problem(
    own_name: str, names: Sequence[str], models: Iterable[str], credentials: Iterable[str]
) -> str:
    """Fallbacks are names that answer: model maps, or `credential/model`."""
    known, prefixes = set(models), set(credentials)
    for name in names:
        if name == own_name:
            return f"{own_name} can't fall back to itself."
        prefix, slash, upstream = name.partition("/")
        if name not in known and not (slash and upstream and prefix in prefixes):
            return f"There is no model {name!r}.{near(name, known)}"
    if len(set(names)) < len(names):
        return "A name stands there twice."
    return ""


def shadow_problem(name: str, credentials: Iterable[str]) -> str:
    """A model map must not look like `credential/model`, which is resolved before model maps."""
    prefix, slash, _ = name.partition("/")
    if slash and (prefix in CATALOG or prefix in set(credentials)):
        return (
            f"{prefix}/… always means the provider or credential {prefix}, so this name would "
            "never be reached. Choose one that begins differently."
        )
    return ""


def cycle_problem(own_name: str, links: Mapping[str, Sequence[str]]) -> str:
    """Fallbacks must not lead back to where they began. `links` is name → its fallbacks."""
    path = _way_back(own_name, own_name, links, set())
    if not path:
        return ""
    return f"This goes round in a circle: {' → '.join([own_name, *path])}."


def _way_back(
    start: str, goal: str, links: Mapping[str, Sequence[str]], seen: set[str]
) -> list[str]:
    for name in links.get(start, ()):
        if name == goal:
            return [name]
        if name not in seen:
            seen.add(name)
            if rest := _way_back(name, goal, links, seen):
                return [name, *rest]
    return []
