"""What the form of a new replay says, read once into one object. It stands in addresses too."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from llmhub.core.errors import LLMHubError
from llmhub.teams.callers import Caller
from llmhub.usage import periods
from llmhub.usage.periods import Period, PeriodError
from llmhub.usage.queries.filters import CallFilter, clean
from playground.replays.definition import JUDGE_PROMPT, MOST_CANDIDATES, Definition, Judge
from playground.replays.selection import MOST_CALLS, Selection, Wanted
from providers import registry

DEFAULT_CALLS = 100
DEFAULT_JUDGED = 50
LONGEST_PROMPT = 100_000
LONGEST_NAME = 200
FILTERS = ("model", "provider", "key", "user", "tag", "source")
_PLACES = ("{{prompt}}", "{{answer_a}}", "{{answer_b}}")


@dataclass(slots=True)
class Asked:
    """The form's fields. `problems` says what is wrong with which, by the field's name."""

    calls: CallFilter
    period: Period | None
    number: int
    at_random: bool
    candidates: list[str]
    judge_model: str
    judge_prompt: str
    judged: int
    people: int
    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.calls.model

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.calls, self.period, self.number, self.at_random)

    @property
    def places(self) -> list[str]:
        """What stands in the inputs for candidates."""
        return [*self.candidates, *[""] * MOST_CANDIDATES][:MOST_CANDIDATES]

    def as_query(self) -> dict[str, str]:
        """The filters as they stand in an address of the call explorer."""
        return {**(self.period.as_query() if self.period else {}), **self.calls.as_query()}

    @property
    def calls_query(self) -> str:
        return urlencode(self.as_query())

    def definition(self, found: Selection) -> Definition:
        """What is kept with the replay of these calls."""
        number = len(found.calls)
        judged = min(number, self.judged) if self.judge_model else 0
        return Definition(
            model=self.model,
            candidates=tuple(self.candidates),
            judge=Judge(self.judge_model, self.judge_prompt, judged),
            people=min(number, self.people),
            query=self.as_query(),
            at_random=self.at_random,
            calls=number,
            left_out=tuple(found.reasons),
        )


def read(data: QueryDict) -> Asked:
    """The form as it was sent; what it leaves out is as usual."""
    filters = CallFilter.parse({name: data.get(name, "") for name in FILTERS})
    problems: dict[str, str] = {}
    candidates = [clean(name) for name in data.getlist("candidate") if clean(name)]
    prompt = data.get("judge_prompt", "").replace("\r\n", "\n").strip()
    asked = Asked(
        calls=filters,
        period=_period(data, problems),
        number=_number(data, "number", DEFAULT_CALLS, 1, problems),
        at_random=data.get("order") == "random",
        candidates=candidates,
        judge_model=clean(data.get("judge_model", "")),
        judge_prompt=prompt or JUDGE_PROMPT,
        judged=_number(data, "judged", DEFAULT_JUDGED, 1, problems),
        people=_number(data, "people", 0, 0, problems),
        typed={name: str(data[name]) for name in ("number", "judged", "people") if name in data},
        problems=problems,
    )
    _check_prompt(asked)
    return asked


def _period(data: QueryDict, problems: dict[str, str]) -> Period | None:
    if not (data.get("period") or data.get("start")):
        return None
    try:
        return periods.parse(data.dict(), "24h")  # type: ignore[arg-type]  # texts, as parsed
    except PeriodError as error:
        problems["period"] = str(error)
        return None


def _number(data: QueryDict, name: str, usual: int, least: int, problems: dict[str, str]) -> int:
    text = data.get(name, "").strip()
    if not text:
        return usual
    if text.isdecimal() and len(text) < 9 and least <= int(text) <= MOST_CALLS:
        return int(text)
    problems[name] = f"A whole number from {least} to {MOST_CALLS}; this is {text[:20]!r}."
    return usual


def _check_prompt(asked: Asked) -> None:
    prompt = asked.judge_prompt
    if "\x00" in prompt or len(prompt) > LONGEST_PROMPT:
        asked.problems["judge_prompt"] = f"Text of {LONGEST_PROMPT:,} characters at most."
    elif missing := [place for place in _PLACES[1:] if place not in prompt.replace(" ", "")]:
        asked.problems["judge_prompt"] = f"The prompt must have {missing[0]} in it."


def check(asked: Asked, caller: Caller, found: Selection | None) -> dict[str, Any]:
    """All that keeps the replay from being started, by field."""
    problems = dict(asked.problems)
    if not asked.model:
        problems.setdefault("model", "Choose the model whose calls are to be replayed.")
    elif found is not None and not found.calls:
        problems.setdefault("model", _nothing(asked, found))
    if not asked.candidates:
        problems.setdefault("candidate", "Choose one candidate at least.")
    elif len(asked.candidates) > MOST_CANDIDATES:
        problems.setdefault("candidate", f"{MOST_CANDIDATES} candidates at most.")
    elif len(set(asked.candidates)) < len(asked.candidates):
        problems.setdefault("candidate", "A candidate is named twice.")
    else:
        _check_models(problems, "candidate", asked.candidates, caller)
    if asked.judge_model:
        _check_models(problems, "judge_model", [asked.judge_model], caller)
    return problems


def _nothing(asked: Asked, found: Selection) -> str:
    if not found.matching:
        return f"There is no call of {asked.model} that these filters let through."
    return f"None of the calls of {asked.model} can be replayed; the reasons stand below."


def _check_models(problems: dict[str, str], name: str, models: list[str], caller: Caller) -> None:
    for model in models:
        if len(model) >= LONGEST_NAME:
            problems.setdefault(name, f"A model’s name has fewer than {LONGEST_NAME} characters.")
            continue
        try:
            known = registry.current().resolve(model)
        except LLMHubError as error:
            problems.setdefault(name, error.message)
            continue
        if not caller.may_use(known.name):
            problems.setdefault(name, f"You may not use {known.name}.")
