"""What a replay concludes from answers: agreement, intervals, and a suggestion that is careful."""

import random
from statistics import fmean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from playground.replays import judging
from playground.replays.agreement import Measure, agreement, is_same
from playground.replays.answers import Said, ToolCall, of_completion, of_kept, of_recorded
from playground.replays.intervals import Interval, bootstrap, score, wilson
from playground.replays.suggestion import (
    PRELIMINARY_BELOW,
    Evidence,
    Pairs,
    Quality,
    Verdict,
    quality_of,
    suggest,
    verdict_of,
)

LONG = "The river bends because water on the outside runs faster and takes the bank away."


def weather(arguments: str) -> Said:
    return Said("", (ToolCall("weather", arguments),))


# --- Agreement ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorded", "answer", "measure", "score"),
    [
        (Said("Yes."), Said("yes"), Measure.EXACT, 1),
        (Said("Yes."), Said("Yes, it is"), Measure.EXACT, 0),
        (Said("42"), Said("-  42 "), Measure.EXACT, 1),
        (Said(""), Said(""), Measure.EXACT, 1),
        (Said(LONG), Said(LONG.upper() + "!"), Measure.WORDS, 1),
        (Said(LONG), Said("Quantum chromodynamics"), Measure.WORDS, 0),
        (Said('{"a": 1, "b": 2}'), Said('```json\n{"b":2.0,"a":1}\n```'), Measure.JSON, 1),
        (Said('{"a": 1, "b": 2}'), Said('{"a": 1, "b": 3}'), Measure.JSON, 0.5),
        (Said("[]"), Said("[]"), Measure.JSON, 1),
        (weather('{"a": 1, "b": 2}'), weather('{"b":2,"a":1}'), Measure.TOOLS, 1),
        (weather('{"city": "Rome"}'), weather('{"city": "Oslo"}'), Measure.TOOLS, 0),
        (weather("{"), weather("{"), Measure.TOOLS, 1),
        (weather("{}"), weather(""), Measure.TOOLS, 1),
        (weather("{}"), Said("It is sunny."), Measure.TOOLS, 0),
    ],
)
def test_agreement_compares_like_with_like(
    recorded: Said, answer: Said, measure: Measure, score: float
) -> None:
    found = agreement(recorded, answer)
    assert (found.measure, found.score) == (measure, score)


def test_tools_called_in_another_order_agree() -> None:
    one, other = ToolCall("a", "{}"), ToolCall("b", "{}")
    assert agreement(Said("", (one, other)), Said("", (other, one))).score == 1
    assert agreement(Said("", (one, one)), Said("", (one,))).score == 0


@given(st.text(), st.text())
def test_agreement_is_a_share_and_whole_for_the_same(one: str, other: str) -> None:
    found = agreement(Said(one), Said(other)).score
    assert 0 <= found <= 1
    assert agreement(Said(one), Said(one)).score == 1
    if is_same(Said(one), Said(other)):
        assert found == 1


def test_answers_are_read_as_records_keep_them() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Let me look.", "tool_calls": [call]}
    said = of_completion({"choices": [{"message": message}]})
    assert said == Said("Let me look.", (ToolCall("weather", "{}"),))
    assert of_kept(said.kept()) == said
    assert of_recorded('{"role": "assistant", "content": "Hi"}') == Said("Hi")
    for broken in ("", "{", "[]", '"text"', "{}", '{"choices": 3}', '{"choices": [1]}'):
        assert of_recorded(broken) is None, broken


# --- Intervals ------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.data())
def test_a_share_lies_in_its_interval(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    found = wilson(part, whole)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0
    assert wilson(0, 0) is None


def test_wilsons_interval_is_the_known_one() -> None:
    found = wilson(33, 80)
    assert found is not None
    assert (round(found.low, 3), round(found.high, 3)) == (0.311, 0.522)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_the_score_of_pairs_is_even_handed(wins: int, losses: int, ties: int) -> None:
    mine, theirs = score(wins, losses, ties), score(losses, wins, ties)
    if mine is None or theirs is None:
        assert wins + losses + ties == 0
        return
    assert 0 <= mine.low <= mine.value <= mine.high <= 1
    assert mine.low == pytest.approx(1 - theirs.high)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_the_bootstrap_holds_its_figure_and_repeats_itself(values: list[float]) -> None:
    found = bootstrap(values, fmean)
    assert found is not None
    assert found.low <= found.value <= found.high
    assert bootstrap(values, fmean) == found


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(7)
    hits = 0
    for _ in range(60):
        found = bootstrap([chance.gauss(10, 3) for _ in range(40)], fmean)
        assert found is not None
        hits += found.low <= 10 <= found.high
    assert hits >= 50


def test_an_unknown_figure_has_no_interval() -> None:
    assert bootstrap([], fmean) is None
    assert bootstrap([(1.0, 2.0)], lambda pairs: None) is None


# --- The judge's word -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        ('I think. {"reason": "r", "winner": "A"}', "a"),
        ('{"winner": "A"} no: {"winner": "b"}', "b"),
        ('{"winner": "tie", "reason": "{braces}"}', "tie"),
    ],
)
def test_the_last_winner_counts(text: str, winner: str) -> None:
    assert judging.winner(text)["winner"] == winner


@pytest.mark.parametrize("text", ["", "A", '{"winner": "C"}', '{"winner": 1}', "{" * 1000])
def test_a_judge_that_names_no_winner_is_no_verdict(text: str) -> None:
    with pytest.raises(judging.NoWinnerError):
        judging.winner(text)


def test_who_wins_one_way_round_only_has_not_won() -> None:
    def twice(first: str, second: str) -> str:
        words = [
            judging.preferred({"winner": first}, swapped=False),
            judging.preferred({"winner": second}, swapped=True),
        ]
        return judging.outcome(words)

    assert twice("b", "a") == "candidate"
    assert twice("a", "b") == "original"
    assert twice("a", "a") == twice("b", "b") == "tie"
    assert twice("b", "tie") == "tie"


# --- The suggestion -------------------------------------------------------------------------------

GOOD = Evidence(
    candidate="small",
    recorded="large",
    calls=120,
    answered=120,
    cost=Interval(-0.62, -0.68, -0.55),
    latency=Interval(-0.3, -0.4, -0.2),
    latency_calls=120,
    judge=Pairs(40, 38, 22),
)

shares = st.floats(-0.99, 5)
changes = st.none() | st.tuples(shares, shares, shares).map(sorted).map(
    lambda three: Interval(three[1], three[0], three[2])
)
numbers = st.integers(0, 200)
pairs = st.builds(Pairs, numbers, numbers, numbers)
evidence = st.builds(
    Evidence,
    candidate=st.just("small"),
    recorded=st.just("large"),
    calls=numbers,
    answered=numbers,
    failed=numbers,
    cost=changes,
    latency=changes,
    latency_calls=numbers,
    people=pairs,
    judge=pairs,
    schemas=st.just(0),
)


def changed(**fields: object) -> Evidence:
    values = {name: getattr(GOOD, name) for name in GOOD.__slots__}
    return Evidence(**{**values, **fields})  # type: ignore[arg-type]


def test_a_cheaper_model_that_is_as_good_is_worth_trying() -> None:
    found = suggest(GOOD)
    assert found.verdict is Verdict.SWITCH
    assert "small would have cost 62% less (95%: 55%–68%) over these 120 calls." in found.text
    assert "The judge preferred it in 51% of 78 decided pairs (95%: 40%–62%)" in found.text
    assert "22 ties" in found.text
    assert "worth trying in place of large" in found.text


@given(evidence)
def test_a_switch_is_never_suggested_without_evidence(found: Evidence) -> None:
    verdict = verdict_of(found)
    if verdict is not Verdict.SWITCH:
        return
    assert found.answered >= PRELIMINARY_BELOW
    judged = [one for one in (found.people, found.judge) if one.total >= PRELIMINARY_BELOW]
    assert judged
    assert quality_of(found) in (Quality.AS_GOOD, Quality.BETTER)
    assert found.failed <= 0.05 * (found.answered + found.failed)
    gains = [one for one in (found.cost, found.latency) if one is not None and one.high < 0]
    losses = [one for one in (found.cost, found.latency) if one is not None and one.low > 0]
    assert gains
    assert not losses


@given(evidence)
def test_every_suggestion_names_its_uncertainty(found: Evidence) -> None:
    said = suggest(found)
    assert said.text
    assume(found.answered)
    if found.cost is not None:
        assert "95%" in said.text
    if found.answered < PRELIMINARY_BELOW:
        assert said.verdict is Verdict.PRELIMINARY
        assert "Preliminary" in said.text
        assert "worth trying" not in said.text


@given(evidence)
def test_more_losses_never_make_a_candidate_look_better(found: Evidence) -> None:
    worse = Pairs(found.judge.wins, found.judge.losses + 50, found.judge.ties)
    if worse.quality is Quality.BETTER:
        assert found.judge.total < PRELIMINARY_BELOW or found.judge.quality is Quality.BETTER


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"answered": 0}, Verdict.NO_ANSWERS),
        ({"answered": 29}, Verdict.PRELIMINARY),
        ({"judge": Pairs()}, Verdict.NO_EVIDENCE),
        ({"judge": Pairs(6, 5, 3)}, Verdict.UNCLEAR),
        ({"judge": Pairs(16, 15, 3)}, Verdict.UNCLEAR),
        ({"judge": Pairs(20, 60, 20)}, Verdict.KEEP),
        ({"failed": 12}, Verdict.KEEP),
        ({"schemas": 50, "fits": 10, "fits_recorded": 50}, Verdict.KEEP),
        ({"cost": Interval(0.5, 0.4, 0.6)}, Verdict.NO_GAIN),
        ({"cost": Interval(0.5, 0.4, 0.6), "latency": None}, Verdict.KEEP),
        ({"cost": Interval(0, -0.1, 0.1), "latency": None}, Verdict.NO_GAIN),
        ({"cost": None}, Verdict.SWITCH),
        ({"people": Pairs(10, 60, 0)}, Verdict.UNCLEAR),
        ({"people": Pairs(60, 10, 0), "judge": Pairs(10, 60, 0)}, Verdict.UNCLEAR),
        ({"people": Pairs(2, 1, 0)}, Verdict.SWITCH),
    ],
)
def test_what_keeps_a_switch_from_being_suggested(
    fields: dict[str, object], verdict: Verdict
) -> None:
    assert verdict_of(changed(**fields)) is verdict


def test_many_ties_are_evidence_of_being_as_good() -> None:
    assert Pairs(2, 3, 95).quality is Quality.AS_GOOD
    assert Pairs(60, 20, 20).quality is Quality.BETTER


def test_what_costs_many_times_as_much_is_said_so() -> None:
    said = suggest(changed(cost=Interval(45.7, 42.1, 48.1)))
    assert "46.7 times as much (95%: 43.1–49.1)" in said.text
    assert "can't be compared" in suggest(changed(latency=None)).text
    assert (
        "about as much (95%: 10% less to 20% more)"
        in suggest(changed(cost=Interval(0.01, -0.1, 0.2))).text
    )
