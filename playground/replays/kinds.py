"""The jobs of a replay: the calls to the candidates, and the judge's."""

from typing import Any
from uuid import UUID

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.jobs.kinds import Answer, Kind, job_kind
from llmhub.jobs.models import Job, JobItem, JobStatus
from playground.replays import answers, judging, recorded, results
from playground.replays.agreement import agreement, is_same
from playground.replays.answers import Said
from playground.replays.models import Replay, ReplayCall
from providers import registry

REPLAY = "replay"
_FIGURES = ("latency_ms", "input_tokens", "output_tokens")


@job_kind(REPLAY)
class ReplayJob(Kind):
    """An item for each call and candidate. Its `ref` gets what was measured of the answer."""

    source = "playground"

    def parent_id(self, item: JobItem) -> UUID | None:
        """The recorded call."""
        return UUID(item.ref["recorded"])

    def request(self, item: JobItem) -> tuple[str, dict[str, Any]]:
        """The recorded request; it may be deleted by the time it is asked again."""
        if not item.body:
            raise ValidationError(
                "The request was deleted: the time for which your team keeps it is over."
            )
        return super().request(item)

    def result(self, item: JobItem, answer: Answer) -> Any:
        """Text and calls of tools."""
        return answers.of_completion(answer.data).kept()

    def on_item(self, item: JobItem, answer: Answer | None) -> None:
        """Compare the answer with the recorded one."""
        item.ref.pop("measured", None)
        said = answers.of_kept(item.result)
        if answer is None or said is None:
            return
        call = ReplayCall.objects.filter(replay__job=item.job_id, position=item.ref["call"]).first()
        before = answers.of_kept(call.answer) if call else None
        item.ref["measured"] = _measured(item, answer, said, before)

    def on_end(self, job: Job) -> None:
        """Ask the judge, unless somebody stopped the replay; sum up."""
        replay = Replay.objects.filter(job=job).first()
        if replay is None:
            return
        if job.status == JobStatus.DONE:
            judging.order(replay)
        results.summarise(replay)


def _measured(item: JobItem, answer: Answer, said: Said, before: Said | None) -> dict[str, Any]:
    record = answer.record
    found: dict[str, Any] = {name: getattr(record, name) for name in _FIGURES}
    found |= {
        "finish_reason": record.finish_reason,
        "fits": recorded.fits(item.body, said),
        "elsewhere": _elsewhere(item.body["model"], record.deployment),
    }
    if before is not None:
        compared = agreement(before, said)
        found |= {
            "same": is_same(before, said),
            "agreement": round(compared.score, 4),
            "measure": compared.measure,
        }
    return found


def _elsewhere(model: str, deployment: str) -> str:
    """The deployment that answered if it is not one of the model's: a fallback, or a rule."""
    try:
        own = {target.name for target in registry.current().resolve(model).targets}
    except LLMHubError:
        return ""
    return "" if not deployment or deployment in own else deployment


@job_kind(judging.KIND)
class ReplayJudgeJob(Kind):
    """Two items for each pair of answers. `result` says which one is better, and why."""

    source = "playground"

    def parent_id(self, item: JobItem) -> UUID | None:
        """The call whose answer is judged."""
        return UUID(item.ref["parent"])

    def result(self, item: JobItem, answer: Answer) -> Any:
        """{winner, reason}. An answer that names no winner fails the item."""
        return judging.winner(answer.text)

    def on_end(self, job: Job) -> None:
        """Hand the verdicts on, and sum up anew."""
        for replay in Replay.objects.filter(judge_jobs=job):
            judging.record_votes(replay)
            results.summarise(replay)
