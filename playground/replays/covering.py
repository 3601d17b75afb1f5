"""What a person must not see before their blind votes: whose answer is whose, and others' votes.

The calls on which they have a pair left are covered: the texts of their answers, what was measured
of each and what the judge said of them. Sums over all calls stay, without the votes of people.
"""

from collections import Counter

from llmhub.teams.callers import Caller
from playground.replays import ballots
from playground.replays.models import Replay
from playground.replays.results import Cell, Result, Row, read_replay
from playground.replays.suggestion import Pairs


def read_for(caller: Caller, replay: Replay) -> Result:
    """The replay as this person may see it now."""
    undecided = ballots.undecided_calls(replay, caller)
    result = read_replay(replay)
    if undecided:
        _hold_votes_back(result)
        for row in result.rows:
            if row.call.position in undecided:
                _cover(row)
    return result


def _hold_votes_back(result: Result) -> None:
    result.votes_held_back = True
    result.others_voted = any(sums.people.total for sums in result.candidates)
    for sums in result.candidates:
        sums.people = Pairs()
    for cell in result.cells:
        cell.people = Counter()


def _cover(row: Row) -> None:
    row.is_covered = True
    row.before = None
    for cell in row.cells:
        if cell.is_answered:
            _cover_answer(cell)


def _cover_answer(cell: Cell) -> None:
    """That there is an answer stays, nothing that could tell which one it is."""
    cell.is_covered = True
    cell.said = cell.call_id = None
    cell.cost = cell.latency_ms = cell.output_tokens = None
    cell.finish_reason = cell.elsewhere = ""
    cell.fits = cell.agreement = None
    cell.same = cell.is_judged = False
