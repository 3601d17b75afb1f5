"""Running a suite: what a run would take, starting one, cancelling it, asking again."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.gateway import estimates
from llmhub.gateway.asks import Ask
from llmhub.jobs import actions
from llmhub.jobs.models import ItemStatus, Job
from llmhub.teams.callers import Caller
from playground.suites import assertions, definition, judging
from playground.suites.definition import Column, Definition, Row
from playground.suites.editing import LONGEST_SUITE
from playground.suites.kinds import MATRIX
from playground.suites.models import Suite, SuiteRun
from playground.suites.results import State, read_run
from providers import registry
from providers.prices import Price

MOST_CELLS = 5000
CONCURRENCY = 8
TAGS = ["matrix"]
_JUDGED_TOKENS = 600


@dataclass(slots=True)
class Estimate:
    """What a run would take. `cost` is US dollars at most, without the models in `unpriced`.

    `problem` says why it can't be begun, `warnings` what would go wrong in it.
    """

    cells: int
    judge_calls: int
    cost: Decimal = Decimal(0)
    unpriced: list[str] = field(default_factory=list)
    problem: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.cells + self.judge_calls


def estimate(caller: Caller, suite: Suite) -> Estimate:
    """What a run of the suite as it is now would take."""
    return _estimate(caller, definition.read(definition.written(suite)))


def _estimate(caller: Caller, wanted: Definition) -> Estimate:
    found = Estimate(len(wanted.rows) * len(wanted.columns), wanted.judge_calls)
    found.problem = _why_not(wanted)
    if found.problem or found.cells > MOST_CELLS:
        return found
    for column in wanted.columns:
        _add_column(found, caller, wanted, column)
    if found.judge_calls:
        _add_judge(found, caller, wanted)
    if bad := [str(row.number) for row in wanted.rows if row.problem]:
        rows = "Row" if len(bad) == 1 else "Rows"
        listed = ", ".join(bad[:10]) + ("…" if len(bad) > 10 else "")
        first = next(row.problem for row in wanted.rows if row.problem)
        found.warnings.append(f"{rows} {listed} can't be asked: {first}")
    return found


def _why_not(wanted: Definition) -> str:
    if not wanted.columns:
        return "Add a model first."
    if not wanted.rows:
        return "Add a row first."
    cells = len(wanted.rows) * len(wanted.columns)
    if cells > MOST_CELLS:
        return f"{cells:,} cells are too many for one run; the limit is {MOST_CELLS:,}."
    if wanted.has_judge and not wanted.judge.model:
        return "Choose a model that judges first."
    return ""


def _add_column(found: Estimate, caller: Caller, wanted: Definition, column: Column) -> None:
    price = _price(found, column.model)
    if price is None:
        return
    for row in wanted.rows:
        if not definition.problem_of(row, column):
            body = definition.body_of(row, column)
            _add(found, price, column.model, Ask(caller, body))


def _add_judge(found: Estimate, caller: Caller, wanted: Definition) -> None:
    price = _price(found, wanted.judge.model)
    if price is None:
        return
    for row in wanted.rows:
        judged = [one for one in row.assertions if one["type"] == assertions.JUDGE]
        for assertion in judged:
            text = judging.question(
                wanted.judge, prompt=row.text, answer="", criterion=assertion["value"]
            )
            ask = Ask(caller, {"messages": [{"role": "user", "content": text}]})
            for _ in wanted.columns:
                _add(found, price, wanted.judge.model, ask, more=_JUDGED_TOKENS)


def _price(found: Estimate, model: str) -> Price | None:
    try:
        targets = registry.current().resolve(model).targets
    except LLMHubError as error:
        found.warnings.append(error.message)
        return None
    if targets:
        return targets[0].price
    found.unpriced.append(model)
    return None


def _add(found: Estimate, price: Price, model: str, ask: Ask, more: int = 0) -> None:
    cost = estimates.cost(ask, price, estimates.input_tokens(ask.body) + more)
    if cost is not None:
        found.cost += cost
    elif model not in found.unpriced:
        found.unpriced.append(model)


# --- Runs -----------------------------------------------------------------------------------------


@transaction.atomic
def start(caller: Caller, suite: Suite) -> SuiteRun:
    """Run the suite as it is now. Raises ValidationError if there is nothing to run."""
    assert caller.user_id is not None
    suite = Suite.objects.select_for_update().get(pk=suite.pk)
    kept = definition.written(suite)
    wanted = definition.read(kept)
    if problem := _why_not(wanted):
        raise ValidationError(problem)
    size = sum(len(row.text) for row in wanted.rows) * len(wanted.columns)
    if size > LONGEST_SUITE:
        raise ValidationError(
            f"The prompts have {size:,} characters together; the limit is {LONGEST_SUITE:,}."
        )
    job = actions.create(
        team=suite.team,
        user=get_user_model().objects.get(pk=caller.user_id),
        kind=MATRIX,
        title=suite.name,
        items=[
            _item(wanted, place, row, column)
            for place, row in enumerate(wanted.rows)
            for column in wanted.columns
        ],
        concurrency=CONCURRENCY,
        options={"tags": TAGS, "cache": "off"},
    )
    return SuiteRun.objects.create(
        suite=suite, job=job, definition=kept, created_by_id=caller.user_id
    )


def _item(wanted: Definition, place: int, row: Row, column: Column) -> actions.NewItem:
    problem = definition.problem_of(row, column)
    ref = {
        "row": row.id,
        "row_place": place,
        "column": column.id,
        "assertions": list(row.assertions),
        "problem": problem,
    }
    return actions.NewItem({} if problem else definition.body_of(row, column), ref=ref)


def jobs_of(run: SuiteRun) -> list[Job]:
    """The jobs of a run, in the order in which they work."""
    return [run.job, *run.judge_jobs.order_by("created_at")]


def cancel(run: SuiteRun) -> None:
    """Stop what is under way; answers that have come are kept."""
    for job in jobs_of(run):
        if not job.has_ended:
            actions.cancel(job)


def rerun(run: SuiteRun, *, also_failed: bool = False) -> int:
    """Ask once more where a call failed or was cancelled, the judge's too.

    `also_failed` asks for the answers too that did not pass. Returns how many calls that is. Raises
    ValidationError while the run is under way.
    """
    with transaction.atomic():
        run = SuiteRun.objects.select_for_update(of=("self",)).select_related("job").get(pk=run.pk)
        if not all(job.has_ended for job in jobs_of(run)):
            raise ValidationError("The run is still under way; wait for its end or cancel it.")
        if also_failed:
            run.job.items.filter(pk__in=_not_passed(run)).update(status=ItemStatus.FAILED)
        again = actions.rerun_failed(run.job)
        current = {str(call) for call in run.job.items.values_list("call_id", flat=True) if call}
        for job in run.judge_jobs.all():
            again += _ask_judge_again(job, current)
        if not run.job.items.filter(status=ItemStatus.PENDING).exists():
            before = run.judge_jobs.count()
            judging.order(run)
            again += run.judge_jobs.count() - before
    return again


def _not_passed(run: SuiteRun) -> list[int]:
    return [cell.item_id for cell in read_run(run).cells if cell.state == State.FAILED]


def _ask_judge_again(job: Job, current: set[str]) -> int:
    """Only about answers that still stand."""
    unsuccessful = (ItemStatus.FAILED, ItemStatus.CANCELLED)
    items = job.items.filter(status__in=unsuccessful)
    gone = [item.pk for item in items if item.ref["call"] not in current]
    if gone:
        job.items.filter(pk__in=gone).delete()
        Job.objects.filter(pk=job.pk).update(total=job.items.count())
    return actions.rerun_failed(job)
