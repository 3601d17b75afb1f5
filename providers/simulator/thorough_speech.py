"""The long answer: a Markdown document with headings, lists, a table, code and formulas."""

import random
from typing import Final

import orjson

_ANGLES: Final = ("purpose", "people", "cost", "risk", "timing", "evidence")
_QUESTIONS: Final = (
    "What would be missed if it were gone?",
    "Who notices first when it goes wrong?",
    "What is the smallest test of it?",
    "What has already been tried?",
    "How would we know that it is done?",
    "What does it cost to wait?",
)
_OPENINGS: Final = (
    "There is a short answer and a good one. This is the long way to the good one.",
    "Let us walk around it once before we pick it up.",
    "This deserves more than a sentence, so it gets headings.",
)
_FORMULAS: Final = (
    (
        "If each of the $n$ options has value $v_i$ and chance $p_i$, expect",
        r"\mathbb{E}[V] = \sum_{i=1}^{n} p_i \, v_i",
    ),
    (
        "With a growth of $r$ a period, what is worth $x_0$ today becomes",
        r"x_t = x_0 \, (1 + r)^{t}",
    ),
    (
        "New evidence $E$ should move a belief $H$ by",
        r"P(H \mid E) = \frac{P(E \mid H) \, P(H)}{P(E)}",
    ),
)
_PYTHON: Final = '''```python
def next_step(topic: str, options: dict[str, float]) -> str:
    """The option with the best value; ties go to the first."""
    best = max(options, key=options.__getitem__)
    return f"{topic}: try {best} first"


print(next_step(%(topic)s, {%(first)s: 0.6, %(second)s: 0.4}))
```'''
_JAVASCRIPT: Final = """```javascript
const options = { %(first)s: 0.6, %(second)s: 0.4 };
const [best] = Object.entries(options).sort(([, a], [, b]) => b - a)[0];
console.log(`${%(topic)s}: try ${best} first`);
```"""
_SQL: Final = """```sql
-- %(topic)s
SELECT option, value
FROM (VALUES (%(first)s, 0.6), (%(second)s, 0.4)) AS options (option, value)
ORDER BY value DESC
LIMIT 1;
```"""


def document(
    *, topic: str, keywords: list[str], advice: tuple[str, ...], chance: random.Random
) -> str:
    """A document about `topic` from at least four sentences of `advice`."""
    angles = [*keywords, *chance.sample(_ANGLES, len(_ANGLES))][:4]
    return "\n\n".join(
        (
            f"## {topic}",
            f"{chance.choice(_OPENINGS)} I am the simulated provider's thorough model: trust the "
            "shape of this answer, not its facts.",
            "### What to look at",
            _points(angles, advice),
            "### At a glance",
            _table(angles, chance),
            "### A bit of code",
            _code(topic, angles, chance),
            "### A bit of math",
            _formula(chance),
            "### What next",
            f"- [x] Ask a simulated model\n- [ ] {advice[-1]}\n- [ ] Ask a real one",
        )
    )


def _points(angles: list[str], advice: tuple[str, ...]) -> str:
    lines = zip(angles, advice, strict=False)
    return "\n".join(f"{n}. **{angle}**: {line}" for n, (angle, line) in enumerate(lines, 1))


def _table(angles: list[str], chance: random.Random) -> str:
    questions = chance.sample(_QUESTIONS, len(angles))
    rows = (
        f"| {angle} | {question} | {chance.randint(1, 9) * 10} % |"
        for angle, question in zip(angles, questions, strict=True)
    )
    return "\n".join(("| Angle | Question | Weight |", "|---|---|---:|", *rows))


def _code(topic: str, angles: list[str], chance: random.Random) -> str:
    template = chance.choice((_PYTHON, _JAVASCRIPT, _SQL))
    texts = {"topic": topic, "first": angles[0], "second": angles[1]}
    quoted = {name: orjson.dumps(text).decode() for name, text in texts.items()}
    if template is _SQL:
        quoted = {name: text.replace('"', "'") for name, text in quoted.items()}
    return template % quoted


def _formula(chance: random.Random) -> str:
    lead, formula = chance.choice(_FORMULAS)
    return (
        f"{lead}\n\n$$\n{formula}\n$$\n\nwhich is $\\approx 42$ for suitable values of everything."
    )
