"""What an answer must fulfil: {type, value}, checked when it is written and put to each answer.

A value may have `{{variables}}` of the row. All but the judge are decided here, at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import re2

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.gateway.validation import schemas
from llmhub.usage import formats
from playground import variables

LONGEST_VALUE = 20_000
MOST = 20
JUDGE = "judge"
Assertion = dict[str, str]
Check = dict[str, Any]

_MEMORY_BYTES = 4 * 1024 * 1024
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """An answer and what its record says of it; `cost` in US dollars, None if not known."""

    text: str
    latency_ms: float | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Type:
    """A type of assertion. `problem_of` says what is wrong with a value, `misfit` with an answer;
    both say "" if nothing is.
    """

    name: str
    label: str
    hint: str
    problem_of: Callable[[str], str]
    misfit: Callable[[str, Measured], str]


def clean(kind: str, value: str) -> Assertion:
    """An assertion. Raises ValidationError that says what is wrong with it."""
    known = TYPES.get(kind)
    if known is None:
        raise ValidationError(
            f"There is no assertion {kind[:40]!r}; there are {', '.join(TYPES)}.", param="type"
        )
    value = value.replace("\r\n", "\n")
    if kind not in _KEEP_BLANKS:
        value = value.strip()
    if not value.strip():
        raise ValidationError(f"{known.label}: {known.hint} is missing.", param="value")
    if "\x00" in value or len(value) > LONGEST_VALUE:
        raise ValidationError(
            f"{known.label}: a text of {LONGEST_VALUE:,} characters at most.", param="value"
        )
    if not variables.names(value) and (problem := known.problem_of(value)):
        raise ValidationError(f"{known.label}: {problem}", param="value")
    return {"type": kind, "value": value}


def filled(assertion: Assertion, values: Mapping[str, str]) -> Assertion:
    """The assertion of a row: its variables have the row's values.

    With a value that is missing it gets a `problem`, and never passes.
    """
    try:
        return {"type": assertion["type"], "value": variables.fill(assertion["value"], values)}
    except ValidationError as error:
        return {**assertion, "problem": error.message}


def check(assertion: Assertion, answer: Measured) -> Check:
    """{passed, reason}. `passed` is None for the judge, who is asked later."""
    if problem := assertion.get("problem"):
        return {"passed": False, "reason": problem}
    if assertion["type"] == JUDGE:
        return {"passed": None, "reason": ""}
    known, value = TYPES[assertion["type"]], assertion["value"]
    reason = known.problem_of(value) or known.misfit(value, answer)
    return {"passed": not reason, "reason": reason}


def label(assertion: Assertion) -> str:
    """An assertion in words."""
    return f"{TYPES[assertion['type']].label} {shortened(assertion['value'])}"


def shortened(text: str) -> str:
    """One line, of a length that can be read at a glance."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


# --- Texts ----------------------------------------------------------------------------------------


def _no_problem(value: str) -> str:
    return ""


def _contains(value: str, answer: Measured) -> str:
    return "" if value in answer.text else f"“{shortened(value)}” is not in the answer."


def _contains_any_case(value: str, answer: Measured) -> str:
    found = value.casefold() in answer.text.casefold()
    return "" if found else f"“{shortened(value)}” is not in the answer, in any case."


def _not_contains(value: str, answer: Measured) -> str:
    return f"“{shortened(value)}” is in the answer." if value in answer.text else ""


def _equals(value: str, answer: Measured) -> str:
    text = answer.text.strip()
    return "" if text == value.strip() else f"The answer is “{shortened(text)}”."


def _regex_problem(value: str) -> str:
    try:
        _pattern(value)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return (
            f"this expression can't be used: {words}. It is RE2's, without look-ahead, "
            "look-behind and references back."
        )
    return ""


def _regex(value: str, answer: Measured) -> str:
    found = _pattern(value).search(answer.text)
    return "" if found else f"Nothing in the answer matches {shortened(value)}."


def _pattern(value: str) -> Any:
    """RE2 reads a text once, so that no expression is ever slow."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    return re2.compile(value, options)


# --- JSON -----------------------------------------------------------------------------------------


def _schema_problem(value: str) -> str:
    try:
        schema = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return f"this is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
    if not isinstance(schema, dict):
        return "a schema is a JSON object."
    try:
        schemas.check(schema)
    except LLMHubError as error:
        return error.message
    return ""


def _schema(value: str, answer: Measured) -> str:
    fenced = re.fullmatch(r"\s*```[a-zA-Z]*\s*\n(.*?)```\s*", answer.text, re.DOTALL)
    try:
        found = orjson.loads(fenced[1] if fenced else answer.text)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return f"The answer is not JSON: {error.msg}, {where}."
    try:
        return " ".join(schemas.problems(found, orjson.loads(value)))
    except LLMHubError as error:
        return error.message


# --- Figures --------------------------------------------------------------------------------------


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < Decimal(10) ** 12 else None


def _whole_problem(value: str) -> str:
    number = _number(value)
    good = number is not None and number == number.to_integral_value()
    return "" if good else f"“{shortened(value)}” is no whole number from 0 up."


def _amount_problem(value: str) -> str:
    return "" if _number(value) is not None else f"“{shortened(value)}” is no number from 0 up."


def _at_most(unit: str, of: Callable[[str], int]) -> Callable[[str, Measured], str]:
    def misfit(value: str, answer: Measured) -> str:
        number = of(answer.text)
        return "" if number <= Decimal(value) else f"The answer has {number:,} {unit}."

    return misfit


def _at_least(unit: str, of: Callable[[str], int]) -> Callable[[str, Measured], str]:
    def misfit(value: str, answer: Measured) -> str:
        number = of(answer.text)
        return "" if number >= Decimal(value) else f"The answer has {number:,} {unit}."

    return misfit


def _words(text: str) -> int:
    return len(text.split())


def _latency(value: str, answer: Measured) -> str:
    if answer.latency_ms is None:
        return "The time is not known."
    if Decimal(answer.latency_ms) <= Decimal(value):
        return ""
    return f"The answer took {formats.duration(answer.latency_ms)}."


def _cost(value: str, answer: Measured) -> str:
    if answer.cost is None:
        return "The cost is not known: the model has no price."
    return "" if answer.cost <= Decimal(value) else f"The call cost {formats.money(answer.cost)}."


def _by_the_judge(value: str, answer: Measured) -> str:
    raise AssertionError("the judge is asked, not computed")


_KEEP_BLANKS = frozenset({"contains", "contains_any_case", "not_contains", "regex"})
_ALL = (
    Type("contains", "Contains", "a text", _no_problem, _contains),
    Type("contains_any_case", "Contains (any case)", "a text", _no_problem, _contains_any_case),
    Type("not_contains", "Does not contain", "a text", _no_problem, _not_contains),
    Type("equals", "Equals", "a text", _no_problem, _equals),
    Type("regex", "Matches", "an expression (RE2)", _regex_problem, _regex),
    Type("json_schema", "Fits JSON schema", "a schema", _schema_problem, _schema),
    Type("min_words", "Words, at least", "a number", _whole_problem, _at_least("words", _words)),
    Type("max_words", "Words, at most", "a number", _whole_problem, _at_most("words", _words)),
    Type(
        "min_characters",
        "Characters, at least",
        "a number",
        _whole_problem,
        _at_least("characters", len),
    ),
    Type(
        "max_characters",
        "Characters, at most",
        "a number",
        _whole_problem,
        _at_most("characters", len),
    ),
    Type("max_latency_ms", "Latency in ms, at most", "a number", _amount_problem, _latency),
    Type("max_cost", "Cost in USD, at most", "a number", _amount_problem, _cost),
    Type(JUDGE, "Judge:", "what a good answer does", _no_problem, _by_the_judge),
)
TYPES = {one.name: one for one in _ALL}
