"""Expressions of rules. RE2 reads a text once, whatever the expression, so none can hold up calls.

https://github.com/google/re2/wiki/WhyRE2
"""

import re
from typing import Any, Final

import re2

LONGEST: Final = 4000
_MEMORY_BYTES: Final = 4 * 1024 * 1024


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    return options


def compiled(pattern: str) -> Any:
    """The expression. Raises re2.error."""
    return re2.compile(pattern, _options())


def of_words(lines: str) -> Any:
    """An expression for any of the words and phrases, one on each line, as whole words."""
    phrases = [r"\s+".join(map(re2.escape, line.split())) for line in lines.splitlines()]
    edged = [_edged(phrase, line) for phrase, line in zip(phrases, lines.splitlines(), strict=True)]
    return compiled("|".join(phrase for phrase in edged if phrase) or r"[^\x00-\x{10FFFF}]")


def _edged(phrase: str, line: str) -> str:
    """A phrase that begins or ends in the middle of a word is none."""
    plain = line.strip()
    if not plain:
        return ""
    before = r"(?:^|[^\pL\pN_])" if re.match(r"\w", plain) else ""
    after = r"(?:$|[^\pL\pN_])" if re.search(r"\w\Z", plain) else ""
    return f"{before}{phrase}{after}"


def problem(pattern: str) -> str:
    """What is wrong with an expression, "" if it is good."""
    if len(pattern) > LONGEST:
        return f"The expression has {len(pattern):,} characters; the limit is {LONGEST:,}."
    try:
        compiled(pattern)
    except re2.error as error:
        said = error.args[0]
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return (
            f"This expression can't be used: {words}. RE2 has no look-ahead, look-behind or "
            "references back; in return no expression is ever slow."
        )
    return ""
