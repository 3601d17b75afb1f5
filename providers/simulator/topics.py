"""What a prompt is about, found without understanding it."""

import re
from typing import Final

_LONGEST: Final = 64
_MOST_READ: Final = 4000

_OPENERS: Final = re.compile(
    r"""^(?:
        please | hey | hi | hello | thanks | ok(?:ay)? | so | now
      | (?:can|could|would|will)\ you | i\ (?:need|want|would\ like)(?:\ to(?:\ know)?)?
      | tell\ me(?:\ about)? | explain(?:\ to\ me)? | describe | summari[sz]e
      | what(?:'s|\ is|\ are) | who(?:'s|\ is) | write(?:\ me)? | give\ me | show\ me
      | list | help\ me(?:\ with)? | compare
    )\b[\s,:]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|\n|[。\uff01\uff1f]")
_NAME: Final = re.compile(r"(?<=[\w,;:]\s)[A-Z][\w'-]*(?:\s[A-Z][\w'-]*)*")
_QUOTED: Final = re.compile(r'"([^"\n]{1,80})"|“([^”\n]{1,80})”')
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_COMMON: Final = re.compile(
    r"""
        about | after | also | answer | because | been | before | between | both | could
        | does | each | every | explain | first | from | give | have | here | into |
        just | know | like | list | make | many | more | most | much | need | only |
        other | over | please | really | same | should | show | simple | some | such |
        tell | than | that | their | them | then | there | these | they | thing | this |
        those | through | using | very | want | well | were | what | when | where |
        which | while | will | with | word | words | would | write | your | yours
    """,
    re.VERBOSE,
)


def topic_of(prompt: str) -> str:
    """A short name for what `prompt` is about: its first sentence without the polite part."""
    asked = prompt.rpartition("\n---\n")[2]  # what is quoted stands before such a line
    sentence = _SENTENCE_END.split(asked.strip(), maxsplit=1)[0]
    for _ in range(3):
        sentence = _OPENERS.sub("", sentence)
    sentence = " ".join(sentence.split()).strip(" .,:;!?\"'“”`*#|<>")
    if len(sentence) > _LONGEST:
        sentence = sentence[:_LONGEST].rsplit(" ", 1)[0] + "…"
    return sentence or "nothing in particular"


def keywords_of(prompt: str, most: int) -> list[str]:
    """The longer words of `prompt`, each once, in order."""
    words = {word.lower(): word for word in reversed(_WORD.findall(prompt[:_MOST_READ]))}
    return [word for key, word in reversed(words.items()) if not _COMMON.fullmatch(key)][:most]


def names_in(prompt: str) -> tuple[str, ...]:
    """Quotations of `prompt`, or else its capitalised words within sentences."""
    quoted = tuple(first or second for first, second in _QUOTED.findall(prompt))
    return quoted or tuple(name for name in _NAME.findall(prompt) if name != "I")


def numbers_in(prompt: str) -> tuple[float, ...]:
    """The numbers of `prompt` in order."""
    return tuple(float(number) for number in _NUMBER.findall(prompt))
