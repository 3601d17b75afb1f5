"""The vote bar's frames, followed, and what a vote reveals to the page."""

from uuid import UUID

from llmhub.teams.callers import Caller
from playground.models import Answer
from playground.models import Vote as SavedVote
from playground.protocol import Frame, Unvote, Vote
from playground.ratings import votes


def vote(caller: Caller, frame: Vote | Unvote) -> UUID:
    """Keep a vote, or take it back. Returns the comparison that it was given in."""
    if isinstance(frame, Unvote):
        saved = votes.withdraw(caller, frame.turn)
    else:
        saved = votes.cast(
            caller,
            turn_id=frame.turn,
            verdict=frame.verdict,
            winner=frame.winner,
            category=frame.category,
            tags=frame.tags,
        )
    assert saved.turn is not None
    return saved.turn.comparison_id


def shown(user_id: int, turn_id: UUID) -> Frame:
    """The `voted` frame of a person's vote as it is now, which is the last one given."""
    saved = SavedVote.objects.select_related("turn").get(turn=turn_id, user_id=user_id)
    rows = list(Answer.objects.filter(turn=turn_id).select_related("column"))
    names = votes.model_names(rows)
    assert saved.turn is not None
    return {
        "type": "voted",
        "comparison": str(saved.turn.comparison_id),
        "turn": str(turn_id),
        "vote": votes.summary(saved),
        "answers": [
            {
                "run": str(row.pk),
                "model": names[row.pk],
                "metrics": row.metrics,
                "error": row.error,
                "call": str(row.call_id) if row.call_id else None,
            }
            for row in rows
        ],
    }
