"""The jobs of a run: the matrix, which asks the models, and the judge's."""

from typing import Any

from llmhub.core.errors import ValidationError
from llmhub.jobs.kinds import Answer, Kind, job_kind
from llmhub.jobs.models import Job, JobItem, JobStatus
from playground.suites import assertions, judging, results
from playground.suites.assertions import Measured
from playground.suites.models import SuiteRun

MATRIX = "matrix"


@job_kind(MATRIX)
class MatrixJob(Kind):
    """An item for each cell. Its `ref` has the assertions and, at the end, what came of them."""

    source = "playground"

    def request(self, item: JobItem) -> tuple[str, dict[str, Any]]:
        """The cell's call; a cell with a problem fails with it and costs nothing."""
        if problem := item.ref.get("problem"):
            raise ValidationError(problem)
        return super().request(item)

    def result(self, item: JobItem, answer: Answer) -> Any:
        """The text alone; the record has the rest."""
        return {"text": answer.text}

    def on_item(self, item: JobItem, answer: Answer | None) -> None:
        """Put the assertions to the answer."""
        item.ref["checks"] = []
        item.ref["latency_ms"] = None
        if answer is not None:
            latency = answer.record.latency_ms
            measured = Measured(answer.text, latency, answer.cost)
            item.ref["latency_ms"] = None if latency is None else float(latency)
            item.ref["checks"] = [
                assertions.check(assertion, measured) for assertion in item.ref["assertions"]
            ]

    def on_end(self, job: Job) -> None:
        """Ask the judge, unless somebody stopped the run; sum up."""
        run = SuiteRun.objects.filter(job=job).first()
        if run is None:
            return
        if job.status == JobStatus.DONE:
            judging.order(run)
        results.summarise(run)


@job_kind(judging.KIND)
class JudgeJob(Kind):
    """An item for each assertion that is the judge's to decide. `result` is its verdict."""

    source = "playground"

    def result(self, item: JobItem, answer: Answer) -> Any:
        """{passed, reason}. An answer without a verdict fails the item."""
        return judging.verdict(answer.text)

    def on_end(self, job: Job) -> None:
        """Sum up anew, with the verdicts."""
        for run in SuiteRun.objects.filter(judge_jobs=job):
            results.summarise(run)
