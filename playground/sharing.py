"""Links that show a comparison to others: who may open one, and what it shows.

A link shows the comparison as it is when it is opened: the newest branch, with prompts, files,
answers, and per answer its speed and tokens. It never shows system prompts and parameters, records
of calls and their attempts, the owner's name, or other branches; cost only if the link says so. Of
a blind test it shows no names and no figures before the comparison does to everybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from llmhub.core import audit
from llmhub.core.errors import ValidationError
from playground import blind
from playground.models import (
    Answer,
    AnswerStatus,
    Attachment,
    Column,
    Comparison,
    ShareLink,
    Turn,
)

MAX_LINKS = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer as a viewer of a link sees it."""

    name: str
    answer: Answer | None
    numbers: list[str]
    problem: str


def create(comparison: Comparison, *, audience: str, shows_cost: bool, person: Any) -> ShareLink:
    """A new link. Raises ValidationError for too many, or an audience that does not exist."""
    if audience not in ShareLink.Audience.values:
        raise ValidationError("Choose who may open the link.", param="audience")
    if live(comparison).count() >= MAX_LINKS:
        raise ValidationError("There are many links already. Take one back first.")
    link = ShareLink.objects.create(
        comparison=comparison, audience=audience, shows_cost=shows_cost, created_by=person
    )
    audit.record("share", comparison, actor=person, changes={"audience": audience})
    return link


def live(comparison: Comparison) -> Any:
    """The links of a comparison that work."""
    return ShareLink.objects.filter(comparison=comparison, revoked_at=None)


def revoke(comparison: Comparison, link_id: int, person: Any) -> None:
    """Let a link work no more. Does nothing to one that does not exist."""
    if live(comparison).filter(pk=link_id).update(revoked_at=timezone.now()):
        audit.record("unshare", comparison, actor=person)


def opened(token: str, teams: list[int]) -> ShareLink | None:
    """The link behind a token, if somebody of these teams may open it."""
    link = (
        ShareLink.objects.filter(token=token, revoked_at=None, comparison__deleted_at=None)
        .select_related("comparison__team")
        .first()
    )
    if link is None or not link.comparison.team.enabled:
        return None
    public = link.audience == ShareLink.Audience.PUBLIC
    return link if public or link.comparison.team_id in teams else None


def turns(link: ShareLink) -> list[dict[str, Any]]:
    """The turns of the newest branch: prompt, files, and an answer for each column."""
    columns = list(link.comparison.columns.filter(removed_at=None))
    path = _newest_branch(link.comparison)
    hidden = blind.hidden_turns(None, path)
    return [
        {
            "prompt": turn.prompt,
            "attachments": turn.attachments,
            "answers": list(_answers(link, turn, columns, turn.pk in hidden)),
        }
        for turn in path
    ]


def _answers(link: ShareLink, turn: Turn, columns: list[Column], hidden: bool) -> Iterator[Shown]:
    """One for each column. Before the names of a blind test are shown, by seats."""
    if hidden:
        columns = sorted(
            (column for column in columns if str(column.pk) in turn.blind_order),
            key=lambda column: turn.blind_order.index(str(column.pk)),
        )
    for place, column in enumerate(columns):
        answer = _newest(turn, column.pk)
        name = f"Answer {blind.letter(place)}" if hidden else column.model
        yield _shown(name, answer, [] if hidden or not answer else _numbers(link, answer))


def attachment(link: ShareLink, attachment_id: UUID) -> Attachment | None:
    """A file of what the link shows, or None."""
    shown = {one["id"] for turn in _newest_branch(link.comparison) for one in turn.attachments}
    if str(attachment_id) not in shown:
        return None
    return Attachment.objects.filter(pk=attachment_id, comparison=link.comparison).first()


def _newest_branch(comparison: Comparison) -> list[Turn]:
    known = {turn.pk: turn for turn in comparison.turns.prefetch_related("answers")}
    path: list[Turn] = []
    turn = next(reversed(known.values()), None)
    while turn is not None:
        path.insert(0, turn)
        turn = known.get(turn.parent_id) if turn.parent_id else None
    return path


def _newest(turn: Turn, column_id: UUID) -> Answer | None:
    answers = [answer for answer in turn.answers.all() if answer.column_id == column_id]
    return answers[-1] if answers else None


_PROBLEMS = {
    AnswerStatus.ERROR: "The model could not answer.",
    AnswerStatus.INTERRUPTED: "The answer was cut off.",
    AnswerStatus.RUNNING: "Still answering when this page was opened.",
    AnswerStatus.CANCELLED: "Stopped.",
}


def _shown(name: str, answer: Answer | None, numbers: list[str]) -> Shown:
    if answer is None:
        return Shown(name, None, [], "Was not asked.")
    return Shown(name, answer, numbers, _PROBLEMS.get(AnswerStatus(answer.status), ""))


def _numbers(link: ShareLink, answer: Answer) -> list[str]:
    """Speed, tokens and maybe cost."""
    known = answer.metrics
    said = []
    if (ttft := known.get("ttft_ms")) is not None:
        said.append(f"{ttft / 1000:.2f} s to the first token")
    if (speed := known.get("tokens_per_second")) is not None:
        said.append(f"{speed:.0f} tokens/s")
    if known.get("output_tokens") is not None:
        said.append(f"{known.get('input_tokens')} → {known['output_tokens']} tokens")
    if link.shows_cost:
        cost = known.get("cost")
        said.append("cost unknown" if cost is None else f"${cost}")
    return said
