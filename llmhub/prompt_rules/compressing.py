"""Fewer characters for the same words: white space and repeated lines.

Runs of blanks become one, blank lines follow each other no more, and a line that repeats the one
before it goes. What is between ``` fences and at the beginning of a line stays: there white space
means something.
"""

import re
from typing import Final

_FENCE: Final = re.compile(r"\s*(```|~~~)")
_BLANKS: Final = re.compile(r"(?<=\S)[ \t\u00a0]{2,}")


def compressed(text: str) -> str:
    """The text, shorter if it can be."""
    lines: list[str] = []
    in_fence = False
    for line in text.splitlines():
        is_fence = _FENCE.match(line) is not None
        if in_fence or is_fence:
            lines.append(line)
            in_fence ^= is_fence
            continue
        line = _BLANKS.sub(" ", line).rstrip()
        if lines and line == lines[-1]:
            continue
        lines.append(line)
    return "\n".join(lines).strip("\n")
