"""What the simulated models say: the same words for the same model, prompt, turn and seed."""

import random
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import cycle, islice
from typing import Final

from . import thorough_speech
from .conversation import Ask
from .models import Style
from .topics import keywords_of, topic_of

GREETINGS: Final = frozenset({"hi", "hello", "hey", "hello there", "good morning", "good evening"})

_LABEL: Final = "(Simulated answer: no real model was asked.)"

_SWIFT_LEADS: Final = (
    "**{topic}**, in short:",
    "The quick take on **{topic}**:",
    "**{topic}**? Happy to be brief.",
    "One breath on **{topic}**:",
)
_ADVICE: Final = (
    "start with the smallest version that could possibly be useful.",
    "the first fifth of the work gives most of the value; do that fifth today.",
    "write down what would change your mind before you look any closer.",
    "measure once before you improve anything, or you will polish the wrong end.",
    "ask the person who has to live with it; they know where it hurts.",
    "keep two options open and give each of them a deadline.",
    "what looks like a detail is usually the whole thing.",
    "explain it to a patient ten-year-old; where you stumble is the real question.",
    "when in doubt, choose what is easiest to undo.",
    "the boring answer is right more often than it gets credit for.",
)
_ASIDES: Final = (
    "No electrons were harmed in the making of this answer.",
    "I would bet a simulated euro on it.",
    "A real model would now add three caveats; imagine them.",
    "My confidence is high, which is easy for a program without doubts.",
    "This took me no thought at all, and I mean that literally.",
)
_FILLER: Final = (
    "This is a simulated answer that came at once, with no model behind it at all.",
    "It goes on for as long as it is told to, word after word, and never gets tired.",
    "Measure the road with it and not the car: what takes time here is everything else.",
)


def prose(ask: Ask, choice: int) -> Iterator[str]:
    """The answer's text, in parts; after the first it goes on for as long as it is read.

    `choice` counts the answers of one request, so that each of them differs.
    """
    chance = random.Random(_seed_of(ask, choice))
    yield _first_part(ask, chance)
    while True:
        yield f"\n\n{_capital(chance.choice(_ADVICE))} {chance.choice(_ASIDES)}"


def filler() -> Iterator[str]:
    """Text without end that is the same every time."""
    yield _FILLER[0]
    for sentence in islice(cycle(_FILLER), 1, None):
        yield f" {sentence}"


def reasoning(ask: Ask, choice: int) -> str:
    """What a thinking model thinks before it answers."""
    chance = random.Random(_seed_of(ask, choice))
    topic = topic_of(ask.prompt)
    words = keywords_of(ask.prompt, 3) or ["the question"]
    thoughts = (
        f"The question is about “{topic}”. Let me see what is really being asked.",
        f"It turns on {_listed(words)}; everything else is decoration.",
        f"A first idea: {chance.choice(_ADVICE)}",
        "Wait, that is too quick. Does it hold in the plainest case? It does. "
        "In the strangest one? Nearly.",
        f"A second idea: {chance.choice(_ADVICE)}",
        "The two agree where it matters, so I can answer with a calm heart.",
    )
    wanted = max(1, round(len(thoughts) * ask.options.effort))
    return " ".join(thoughts[place % len(thoughts)] for place in range(wanted))


def _seed_of(ask: Ask, choice: int) -> int:
    options = ask.options
    parts = (ask.model.id, ask.prompt, ask.turn, options.seed, options.temperature, choice)
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def _first_part(ask: Ask, chance: random.Random) -> str:
    if ask.tool_results:
        return _about_results(ask)
    if ask.prompt.strip(" .,!?").lower() in GREETINGS:
        return _greeting(ask)
    return _received(ask) + _WRITERS[ask.model.style](ask, chance)


def _greeting(ask: Ask) -> str:
    return (
        f"Hello! I am **{ask.model.id}**, a simulated model. Ask me anything and I will answer "
        "with confidence and no knowledge. What I can really do: `echo: your words`, "
        "`pick a random number`, `repeat it`."
    )


def _about_results(ask: Ask) -> str:
    results = "\n".join(f"- `{' '.join(result.split())[:300]}`" for result in ask.tool_results)
    return f"The tools came back with:\n\n{results}\n\nThat settles it, as far as I am simulated."


def _received(ask: Ask) -> str:
    """A note of what came besides words."""
    if not ask.images:
        return ""
    noun = "image" if ask.images == 1 else "images"
    return f"I received {ask.images} {noun}, which I can count but not see.\n\n"


def _crisp(ask: Ask, chance: random.Random) -> str:
    lead = chance.choice(_SWIFT_LEADS).format(topic=_capital(topic_of(ask.prompt)))
    first, second = chance.sample(_ADVICE, 2)
    return (
        f"{lead} {_capital(first)} And {second} {chance.choice(_ASIDES)}"
        f"{_instructions(ask)}\n\n*{_LABEL}*"
    )


def _thorough(ask: Ask, chance: random.Random) -> str:
    advice = tuple(_capital(line) for line in chance.sample(_ADVICE, 5))
    document = thorough_speech.document(
        topic=_capital(topic_of(ask.prompt)),
        keywords=keywords_of(ask.prompt, 4),
        advice=advice,
        chance=chance,
    )
    return f"{document}{_instructions(ask)}\n\n*{_LABEL}*"


def _reasoned(ask: Ask, chance: random.Random) -> str:
    *steps, conclusion = chance.sample(_ADVICE, 4)
    numbered = "\n".join(f"{place}. {_capital(step)}" for place, step in enumerate(steps, 1))
    return (
        f"I have thought about **{topic_of(ask.prompt)}**, and this is where I arrive:\n\n"
        f"{numbered}\n\n**So:** {_capital(conclusion)} {chance.choice(_ASIDES)}"
        f"{_instructions(ask)}\n\n*{_LABEL}*"
    )


def _instructions(ask: Ask) -> str:
    """Proof that a system prompt arrived."""
    if not ask.system:
        return ""
    quoted = " ".join(ask.system.split())
    shown = quoted if len(quoted) <= 80 else quoted[:80].rsplit(" ", 1)[0] + "…"
    return f"\n\nI kept my instructions in mind: “{shown}”"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(words: list[str]) -> str:
    *others, last = (f"“{word}”" for word in words)
    return f"{', '.join(others)} and {last}" if others else last


_WRITERS: Final[dict[Style, Callable[[Ask, random.Random], str]]] = {
    "crisp": _crisp,
    "thorough": _thorough,
    "reasoned": _reasoned,
    "filler": _crisp,
    "vectors": _crisp,
}
