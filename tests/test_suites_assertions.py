"""Assertions: what passes, what does not and why, and which are refused when they are written."""

from decimal import Decimal

import pytest

from llmhub.core.errors import LLMHubError, ValidationError
from playground.suites import assertions, judging
from playground.suites.assertions import Measured
from playground.suites.definition import Judge

SCHEMA = '{"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}'


@pytest.mark.parametrize(
    ("kind", "value", "good", "bad", "reason"),
    [
        ("contains", "Nile", "The Nile.", "The nile.", "“Nile” is not in the answer."),
        ("contains", "Nile ", "The Nile is long.", "The Nile.", "“Nile” is not in the answer."),
        ("contains_any_case", "NILE", "the nile", "the Rhine", "“NILE” is not in the answer"),
        ("not_contains", "sorry", "Here it is.", "I am sorry.", "“sorry” is in the answer."),
        ("equals", " 42 ", "42\n", "42.", "The answer is “42.”."),
        ("regex", r"^\d{4}$", "1999", "in 1999", "Nothing in the answer matches"),
        ("regex", r"(?i)nile", "NILE", "Rhine", "Nothing in the answer matches (?i)nile."),
        ("json_schema", SCHEMA, '{"age": 3}', '{"age": "3"}', "$.age"),
        ("json_schema", SCHEMA, '```json\n{"age": 3}\n```', "{}", "'age' is a required property"),
        ("json_schema", SCHEMA, '{"age": 3}', "three", "The answer is not JSON"),
        ("min_words", "2", "two words", "one", "The answer has 1 words."),
        ("max_words", "2", "two words", "one two three", "The answer has 3 words."),
        ("min_characters", "3", "abc", "ab", "The answer has 2 characters."),
        ("max_characters", "3", "abc", "abcd", "The answer has 4 characters."),
    ],
)
def test_answers_that_pass_and_answers_that_do_not(
    kind: str, value: str, good: str, bad: str, reason: str
) -> None:
    wanted = assertions.clean(kind, value)
    assert assertions.check(wanted, Measured(good)) == {"passed": True, "reason": ""}
    found = assertions.check(wanted, Measured(bad))
    assert found["passed"] is False
    assert reason in found["reason"]


def test_latency_and_cost() -> None:
    quick = assertions.clean("max_latency_ms", "250")
    assert assertions.check(quick, Measured("", latency_ms=250.0))["passed"] is True
    assert "took 1.20 s" in assertions.check(quick, Measured("", latency_ms=1200.0))["reason"]
    assert assertions.check(quick, Measured(""))["passed"] is False
    cheap = assertions.clean("max_cost", "0.01")
    assert assertions.check(cheap, Measured("", cost=Decimal("0.01")))["passed"] is True
    assert "cost $0.0200" in assertions.check(cheap, Measured("", cost=Decimal("0.02")))["reason"]
    assert "not known" in assertions.check(cheap, Measured("", cost=None))["reason"]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("nonsense", "x", "There is no assertion 'nonsense'; there are contains,"),
        ("contains", "", "Contains: a text is missing."),
        ("contains", "a\x00b", "a text of 20,000 characters at most"),
        ("regex", "(", "Matches: this expression can't be used"),
        ("regex", r"(a)\1", "without look-ahead"),
        ("json_schema", "{", "this is not JSON"),
        ("json_schema", "[]", "a schema is a JSON object"),
        ("json_schema", '{"type": 5}', "is no JSON schema"),
        ("max_words", "many", "“many” is no whole number from 0 up."),
        ("max_words", "2.5", "“2.5” is no whole number"),
        ("max_cost", "-1", "“-1” is no number from 0 up."),
        ("max_cost", "NaN", "“NaN” is no number from 0 up."),
    ],
)
def test_what_can_not_be_asserted_is_refused_in_words(kind: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        assertions.clean(kind, value)
    assert said in refused.value.message


def test_variables_of_the_row_are_filled_in() -> None:
    wanted = assertions.clean("max_words", "{{most}}")
    assert assertions.filled(wanted, {"most": "1"}) == {"type": "max_words", "value": "1"}
    assert (
        assertions.check(assertions.filled(wanted, {"most": "1"}), Measured("a b"))["passed"]
        is False
    )
    missing = assertions.check(assertions.filled(wanted, {"most": " "}), Measured("a"))
    assert missing["passed"] is False
    assert "Fill in most first" in missing["reason"]
    wrong = assertions.check(assertions.filled(wanted, {"most": "few"}), Measured("a"))
    assert "“few” is no whole number" in wrong["reason"]


def test_no_expression_is_slow() -> None:
    wanted = assertions.clean("regex", r"^(a+)+$")
    assert assertions.check(wanted, Measured("a" * 100_000 + "!"))["passed"] is False


def test_the_judge_is_asked_later() -> None:
    wanted = assertions.clean("judge", "is polite")
    assert assertions.check(wanted, Measured("Hello")) == {"passed": None, "reason": ""}


def test_the_judges_question_is_filled_in_once() -> None:
    judge = Judge("any", "{{prompt}} | {{ answer }} | {{criterion}}")
    asked = judging.question(judge, prompt="{{answer}}", answer="", criterion="is {{prompt}}")
    assert asked == "{{answer}} | (the answer is empty) | is {{prompt}}"


@pytest.mark.parametrize(
    ("text", "passed", "reason"),
    [
        ('{"verdict": "pass", "reason": "Fine."}', True, "Fine."),
        ('Let me see.\n```json\n{"reason": "No {braces}.", "verdict": "FAIL"}\n```', False, "No"),
        ('It quotes {"verdict": "pass"}. {"verdict": "fail", "reason": "Off."}', False, "Off."),
    ],
)
def test_a_verdict_is_read_from_the_end(text: str, passed: bool, reason: str) -> None:
    found = judging.verdict(text)
    assert found["passed"] is passed
    assert reason in found["reason"]


@pytest.mark.parametrize("text", ["", "It passes.", '{"verdict": "maybe"}', "{{{{{{"])
def test_a_judge_without_a_verdict_is_an_error(text: str) -> None:
    with pytest.raises(LLMHubError, match="The judge gave no verdict"):
        judging.verdict(text)
