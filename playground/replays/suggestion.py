"""What a replay says of switching to a candidate: a sentence or two, never without its uncertainty.

Pure: evidence goes in, a verdict and its words come out. A switch is only suggested if

- 30 calls were answered, and 30 pairs of answers judged, by people or else by a judge;
- the candidate is surely not much worse: ties counting a half, the lower end of the interval of its
  share of the pairs is above 40%;
- it is surely cheaper or surely faster, and in neither surely the other way round;
- at most 5% of its calls failed, and it keeps to schemas as the recorded answers did.
"""

from dataclasses import dataclass
from enum import StrEnum

from playground.replays import intervals
from playground.replays.intervals import Interval, wilson

PRELIMINARY_BELOW = 30
AS_GOOD_FROM = 0.4
EVEN = 0.5
MOST_FAILED = 0.05
MANY_TIMES = 2.0
_SMALL = 0.005


class Quality(StrEnum):
    """What pairs of answers say."""

    UNKNOWN = "unknown"  # nobody compared them
    UNCLEAR = "unclear"  # too few, or too even, to tell
    WORSE = "worse"
    AS_GOOD = "as good"
    BETTER = "better"


class Verdict(StrEnum):
    """What to do about a candidate."""

    NO_ANSWERS = "no answers"
    PRELIMINARY = "preliminary"
    NO_EVIDENCE = "no evidence of quality"
    UNCLEAR = "not clear yet"
    KEEP = "keep what you have"
    NO_GAIN = "no gain"
    SWITCH = "worth switching"


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often a candidate's answer was preferred to the recorded one, the other way, and even."""

    wins: int = 0
    losses: int = 0
    ties: int = 0

    @property
    def total(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def decided(self) -> int:
        return self.wins + self.losses

    @property
    def preferred(self) -> Interval | None:
        """The share that the candidate won of those that were decided."""
        return wilson(self.wins, self.decided)

    @property
    def score(self) -> Interval | None:
        """The same of all, a tie counting a half."""
        return intervals.score(self.wins, self.losses, self.ties)

    @property
    def quality(self) -> Quality:
        score = self.score
        if score is None:
            return Quality.UNKNOWN
        if self.total < PRELIMINARY_BELOW:
            return Quality.UNCLEAR
        if score.low > EVEN:
            return Quality.BETTER
        if score.high < EVEN:
            return Quality.WORSE
        return Quality.AS_GOOD if score.low > AS_GOOD_FROM else Quality.UNCLEAR


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a candidate against the recorded calls.

    `cost` and `latency` are the candidate's as a share of the recorded, less one: -0.6 is 60% less;
    None where it is not known. `fits` of `fits_recorded` that had to fit a schema did, and
    `schemas` is how many that were.
    """

    candidate: str
    recorded: str
    calls: int
    answered: int
    failed: int = 0
    cost: Interval | None = None
    latency: Interval | None = None
    latency_calls: int = 0
    people: Pairs = Pairs()
    judge: Pairs = Pairs()
    schemas: int = 0
    fits: int = 0
    fits_recorded: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`verdict` in a word or two, `sentences` with the figures that it rests on."""

    verdict: Verdict
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def suggest(found: Evidence) -> Suggestion:
    """What the evidence says of switching to the candidate."""
    verdict = verdict_of(found)
    if verdict is Verdict.NO_ANSWERS:
        return Suggestion(verdict, (f"{found.candidate} has answered none of these calls yet.",))
    parts = (_cost(found), _latency(found), _failures(found), *_quality(found))
    return Suggestion(verdict, tuple(part for part in (*parts, _end(found, verdict)) if part))


def verdict_of(found: Evidence) -> Verdict:
    """The verdict alone."""
    if not found.answered:
        return Verdict.NO_ANSWERS
    if found.answered < PRELIMINARY_BELOW:
        return Verdict.PRELIMINARY
    quality = quality_of(found)
    if quality is Quality.WORSE or _is_unreliable(found) or _breaks_schemas(found):
        return Verdict.KEEP
    if quality is Quality.UNKNOWN:
        return Verdict.NO_EVIDENCE
    if quality is Quality.UNCLEAR:
        return Verdict.UNCLEAR
    gains = [_is_less(found.cost), _is_less(found.latency)]
    losses = [_is_more(found.cost), _is_more(found.latency)]
    if any(gains) and not any(losses):
        return Verdict.SWITCH
    return Verdict.KEEP if any(losses) and not any(gains) else Verdict.NO_GAIN


def quality_of(found: Evidence) -> Quality:
    """People's word counts, else the judge's. Where the two contradict each other, neither does."""
    people, judge = found.people.quality, found.judge.quality
    if people in (Quality.UNKNOWN, Quality.UNCLEAR):
        if people is Quality.UNCLEAR and judge is Quality.UNKNOWN:
            return people
        return judge
    good = (Quality.AS_GOOD, Quality.BETTER)
    contradicts = (people is Quality.WORSE and judge in good) or (
        people in good and judge is Quality.WORSE
    )
    return Quality.UNCLEAR if contradicts else people


def _is_less(change: Interval | None) -> bool:
    return change is not None and change.high < 0


def _is_more(change: Interval | None) -> bool:
    return change is not None and change.low > 0


def _is_unreliable(found: Evidence) -> bool:
    return found.failed > MOST_FAILED * (found.answered + found.failed)


def _breaks_schemas(found: Evidence) -> bool:
    """Surely less often valid than the recorded answers were."""
    share = wilson(found.fits, found.schemas)
    return share is not None and share.high < found.fits_recorded / found.schemas


# --- Words ----------------------------------------------------------------------------------------


def _cost(found: Evidence) -> str:
    over = f"over {_these(found.answered)}"
    if found.cost is None:
        return f"What {found.candidate} would have cost {over} against these can't be compared."
    said = _change(found.cost, "less", "more", "much")
    return f"{found.candidate} would have cost {said} {over}."


def _latency(found: Evidence) -> str:
    if found.latency is None:
        return "Speed can't be compared: the recorded calls were streamed, replays are not."
    said = _change(found.latency, "less time", "more time", "long")
    calls = "" if found.latency_calls == found.answered else f" ({found.latency_calls} calls)"
    return f"Its answers took {said} at the median{calls}."


def _change(change: Interval, less: str, more: str, same: str) -> str:
    """A change with its interval: "62% less (95%: 55%–68%)"."""
    if change.value >= MANY_TIMES:
        ends = f"{1 + change.low:.3g}–{1 + change.high:.3g}"
        return f"{1 + change.value:.3g} times as {same} (95%: {ends})"
    if change.low <= 0 <= change.high:
        return f"about as {same} (95%: {_signed(change.low)} to {_signed(change.high)})"
    if change.value < 0:
        ends = f"{_percent(-change.high)}–{_percent(-change.low)}"
        return f"{_percent(-change.value)} {less} (95%: {ends})"
    return f"{_percent(change.value)} {more} (95%: {_percent(change.low)}–{_percent(change.high)})"


def _failures(found: Evidence) -> str:
    parts = []
    if found.failed:
        parts.append(f"{found.failed} of {_calls(found.answered + found.failed)} failed.")
    if found.schemas and found.fits != found.fits_recorded:
        parts.append(
            f"{found.fits} of {found.schemas} answers fit their schema; of the recorded ones "
            f"{found.fits_recorded} did."
        )
    return " ".join(parts)


def _quality(found: Evidence) -> list[str]:
    said = []
    for who, pairs in (("People", found.people), ("The judge", found.judge)):
        share = pairs.preferred
        if share is not None:
            said.append(
                f"{who} preferred it in {_percent(share.value)} of {pairs.decided} decided pairs "
                f"(95%: {_percent(share.low)}–{_percent(share.high)}), {_ties(pairs.ties)}."
            )
        elif pairs.ties:
            said.append(f"{who} found no answer better in {pairs.ties} pairs.")
    return said


def _end(found: Evidence, verdict: Verdict) -> str:
    match verdict:
        case Verdict.PRELIMINARY:
            said = "1 call is" if found.answered == 1 else f"{found.answered} calls are"
            return f"Preliminary: {said} too few to go by; take {PRELIMINARY_BELOW} at least."
        case Verdict.NO_EVIDENCE:
            return "Nobody has compared the answers, so this says nothing of how good they are."
        case Verdict.UNCLEAR:
            return "Too few votes, or too even, to tell whether it is as good."
        case Verdict.KEEP:
            return f"This speaks for staying with {found.recorded}."
        case Verdict.NO_GAIN:
            mixed = _is_less(found.cost) or _is_less(found.latency)
            end = "one of cheaper and faster only" if mixed else "not for sure cheaper or faster"
            return f"It seems as good, but {end}."
        case Verdict.SWITCH:
            better = quality_of(found) is Quality.BETTER
            said = "better" if better else "about as good, at most ten points worse"
            return f"It was found {said}: worth trying in place of {found.recorded}."
    return ""


def _these(number: int) -> str:
    return "this one call" if number == 1 else f"these {number} calls"


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def _ties(number: int) -> str:
    return "no ties" if number == 0 else f"{number} tie{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f}%" if percent >= 10 or percent < _SMALL else f"{percent:.1f}%"


def _signed(share: float) -> str:
    return f"{_percent(abs(share))} {'less' if share < 0 else 'more'}"
