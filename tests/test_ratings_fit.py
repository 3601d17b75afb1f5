"""The fit of ratings: against sums done by hand, and what must hold for any votes."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.ratings.ballots import Ballot, tallies
from playground.ratings.fit import SCALE, fit
from playground.ratings.frontier import Point, frontier
from playground.ratings.rating import Rating


def rated(ballots: list[Ballot]) -> dict[str, Rating]:
    return {one.model: one for one in fit(Counter(ballots))}


def duel(wins: int, losses: int, ties: int = 0) -> list[Ballot]:
    both = ("a", "b")
    return [Ballot(both, 0)] * wins + [Ballot(both, 1)] * losses + [Ballot(both, None)] * ties


def by_hand(wins: float, count: int) -> float:
    """Half the difference d of two models' strengths, from the likelihood's derivative.

    For a at +d/2 and b at -d/2 it is zero where wins + 1/2 (the prior's) are what is expected:
    count * s(d) + s(d/2), with s(x) = 1 / (1 + exp(-x)). Found by halving.
    """
    low, high = -20.0, 20.0
    for _ in range(100):
        d = (low + high) / 2
        expected = count / (1 + math.exp(-d)) + 1 / (1 + math.exp(-d / 2))
        low, high = (low, d) if expected > wins + 0.5 else (d, high)
    return SCALE * low / 2


@pytest.mark.parametrize(("wins", "losses", "ties"), [(3, 1, 0), (10, 0, 0), (7, 5, 4), (0, 1, 0)])
def test_two_models_are_rated_as_by_hand(wins: int, losses: int, ties: int) -> None:
    found = rated(duel(wins, losses, ties))
    half = by_hand(wins + ties / 2, wins + losses + ties)
    assert found["a"].rating == pytest.approx(1000 + half, abs=0.01)
    assert found["b"].rating == pytest.approx(1000 - half, abs=0.01)


def test_three_wins_of_four_are_165_points() -> None:
    # d = 0.949: 4 * s(0.949) + s(0.4745) = 4 * 0.7209 + 0.6164 = 3.5; 0.949 * 400 / ln 10 = 165.
    # Without the prior the odds 3:1 would be 400 * log10(3) = 191 points.
    found = rated(duel(3, 1))
    assert found["a"].rating - found["b"].rating == pytest.approx(164.84, abs=0.02)


def test_votes_that_cancel_out_rate_equal() -> None:
    found = rated(duel(6, 6, 3))
    assert found["a"].rating == pytest.approx(found["b"].rating)
    assert {one.rank for one in found.values()} == {1}


def test_order_of_the_models_and_of_the_votes_does_not_matter() -> None:
    ballots = [*duel(5, 2, 1), Ballot(("b", "c"), 0), Ballot(("c", "a"), 1), Ballot(("c", "b"), 0)]
    turned = [
        Ballot(ballot.models[::-1], None if ballot.winner is None else 1 - ballot.winner)
        for ballot in reversed(ballots)
    ]
    for model, one in rated(ballots).items():
        assert rated(turned)[model].rating == pytest.approx(one.rating, abs=0.01)


def test_the_same_votes_many_times_narrow_the_interval_and_keep_the_order() -> None:
    few, many = rated(duel(6, 4)), rated(duel(600, 400))
    for model in "ab":
        assert few[model].high - few[model].low > 3 * (many[model].high - many[model].low)
    assert few["a"].rank == few["b"].rank == 1
    assert (many["a"].rank, many["b"].rank) == (1, 2)


def test_unanimous_votes_have_a_finite_rating_and_a_wide_interval() -> None:
    found = rated(duel(5, 0))["a"]
    assert 1100 < found.rating < 1500
    assert found.low < found.rating - 100
    assert found.high > found.rating + 100
    assert found.preliminary


def test_thirty_votes_are_no_longer_preliminary() -> None:
    assert rated(duel(29, 0))["a"].preliminary
    assert not rated(duel(29, 1))["a"].preliminary


def test_intervals_are_as_wide_as_votes_are_few() -> None:
    for count, margin in ((30, 80), (300, 25)):
        found = rated(duel(count // 2, count // 2))["a"]
        assert found.margin == pytest.approx(margin, rel=0.35)


def test_best_of_several_beats_each_other_and_says_nothing_of_these() -> None:
    found = tallies(Counter([Ballot(("a", "b", "c"), 2)]))
    assert found["c", "a"].wins == found["c", "b"].wins == 1
    assert ("a", "b") not in found
    assert found["a", "c"].win_rate == 0


def test_tie_of_several_is_half_a_win_for_each_pair() -> None:
    found = tallies(Counter([Ballot(("a", "b", "c"), None)]))
    assert len(found) == 6
    assert {tally.win_rate for tally in found.values()} == {0.5}


def test_model_is_not_compared_with_itself() -> None:
    assert fit(Counter([Ballot(("a", "a"), 0)])) == []
    assert set(rated([Ballot(("a", "a", "b"), 0)])) == {"a", "b"}


def test_no_votes_no_ratings() -> None:
    assert fit(Counter()) == []


ballots = st.builds(
    lambda models, winner: Ballot(tuple(models), winner if winner != 2 else None),
    st.lists(st.sampled_from("abcde"), min_size=2, max_size=2, unique=True),
    st.integers(0, 2),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ballots, min_size=1, max_size=25))
def test_what_holds_for_any_votes(cast: list[Ballot]) -> None:
    found = fit(Counter(cast))
    assert sum(one.rating for one in found) / len(found) == pytest.approx(1000, abs=0.01)
    for one in found:
        assert one.low <= one.rating <= one.high
        assert one.rank == 1 + sum(other.low > one.high for other in found)
        assert one.votes == sum(one.model in ballot.models for ballot in cast)
    assert [one.rating for one in found] == sorted((one.rating for one in found), reverse=True)


def test_frontier_holds_what_nothing_beats() -> None:
    best = Point("best", 1100, 0.02, 40)
    cheap = Point("cheap", 950, 0.001, 60)
    fast = Point("fast", 1000, 0.01, 200)
    beaten = Point("beaten", 940, 0.002, 60)
    assert frontier([best, cheap, fast, beaten]) == {"best", "cheap", "fast"}
    assert frontier([best, Point("twin", 1100, 0.02, 40)]) == {"best", "twin"}
    assert frontier([]) == frozenset()
