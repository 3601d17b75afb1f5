"""Jobs and files in the database: who has a job in hand, what is deleted when, own kinds."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from llmhub.core.errors import ConfigurationError, ValidationError
from llmhub.core.models import ServerProcess
from llmhub.jobs import actions, files, line, tasks
from llmhub.jobs.items import Items, JobLostError
from llmhub.jobs.kinds import Answer, Kind, kind_of
from llmhub.jobs.models import FilePart, ItemStatus, Job, JobItem, JobStatus, StoredFile
from llmhub.jobs.progress import follow, progress
from llmhub.teams.models import Team
from llmhub.usage.models import KeptAnswer
from llmhub.usage.processes import DEAD_AFTER
from llmhub.usage.records import Record
from llmhub.usage.writer import Writer, connection_of_this_thread

pytestmark = pytest.mark.django_db

BODY = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="T", slug="t")


@pytest.fixture
def order(team: Team) -> Callable[..., Job]:
    """A function that orders a job of so many items."""

    def make(number: int = 3, **options: object) -> Job:
        items = [actions.NewItem(BODY, ref={"n": n}) for n in range(number)]
        return actions.create(team=team, items=items, **options)  # type: ignore[arg-type]

    return make


def process(host: str = "elsewhere", silent: timedelta = timedelta(0)) -> UUID:
    """A process of another machine whose heartbeat is so old."""
    now = timezone.now()
    row = ServerProcess.objects.create(
        id=uuid4(), host=host, pid=1, started_at=now, heartbeat_at=now - silent
    )
    return row.pk


def in_hand(job: Job, kind: Kind | None = None) -> Items:
    worker = process()
    taken = line.take(job.pk, worker)
    assert taken
    return Items(taken, kind or Kind(), worker)


def test_wrong_orders_are_refused(team: Team, order: Callable[..., Job]) -> None:
    with pytest.raises(ValidationError, match="at least one item"):
        order(0)
    with pytest.raises(ValidationError, match="from 1 to 64"):
        order(concurrency=65)
    with pytest.raises(ConfigurationError, match="no kind of job 'nonsense'; there are batch"):
        order(kind="nonsense")
    assert not Job.objects.exists()


def test_job_is_in_one_hand_until_its_worker_is_dead(order: Callable[..., Job]) -> None:
    job = order()
    first = process()
    assert line.take(job.pk, first)
    assert line.take(job.pk, process()) is None
    assert line.stranded() == []
    ServerProcess.objects.filter(pk=first).update(
        heartbeat_at=timezone.now() - DEAD_AFTER - timedelta(seconds=1)
    )
    assert line.stranded() == [job.pk]
    assert line.take(job.pk, process())


def test_worker_that_lost_its_job_saves_and_calls_nothing(order: Callable[..., Job]) -> None:
    items = in_hand(job := order())
    (first, *_) = items.take_next(2)
    Job.objects.update(process_id=process())
    with pytest.raises(JobLostError):
        items.take_next(1)
    with pytest.raises(JobLostError):
        items.save((), [items.done(first, Answer({}, Record("batch", "chat", False, "fast")))])
    assert progress(job.pk).done == 0
    assert set(job.items.values_list("status", flat=True)) == {ItemStatus.PENDING}


@pytest.mark.django_db(transaction=True)
def test_next_worker_takes_the_answers_of_calls_that_had_succeeded(
    order: Callable[..., Job],
) -> None:
    items = in_hand(job := order(4))
    answered, failed, waiting = items.take_next(3)
    for item, status in ((answered, "success"), (failed, "error")):
        assert item.call_id
        record = Record("batch", "chat", False, "fast", id=item.call_id, status=status)
        if status == "success":
            record.cost = Decimal("0.25")
            record.kept_answer = b'{"choices": [{"message": {"content": "paid"}}]}'
        Writer(connection_of_this_thread).commit([record], [record])
    Job.objects.update(process_id=None)
    after = in_hand(job)
    after.recover()
    assert job.items.get(pk=answered.pk).result["choices"][0]["message"]["content"] == "paid"
    assert not KeptAnswer.objects.exists()
    assert (progress(job.pk).done, progress(job.pk).cost) == (1, Decimal("0.25"))
    again = after.take_next(9)
    assert [item.position for item in again] == [1, 2, 3]
    assert {item.call_id for item in again}.isdisjoint({failed.call_id, waiting.call_id})


def test_forgotten_job_is_put_in_line_again_after_a_while(order: Callable[..., Job]) -> None:
    job = order()
    assert line.stranded() == []
    Job.objects.update(queued_at=timezone.now() - line.WAITS_LONG - timedelta(seconds=1))
    assert line.stranded() == [job.pk]
    assert line.stranded() == []


def test_kind_sees_each_item_and_the_end_and_its_notes_are_kept(order: Callable[..., Job]) -> None:
    ended: list[str] = []

    class Noting(Kind):
        def result(self, item: JobItem, answer: Answer) -> object:
            return answer.text.upper()

        def on_item(self, item: JobItem, answer: Answer | None) -> None:
            item.ref["passed"] = answer is not None
            if item.ref["n"] == 2:
                raise RuntimeError("a mistake in the kind")

        def on_end(self, job: Job) -> None:
            ended.append(job.status)

    items = in_hand(job := order(), Noting())
    data = {"choices": [{"message": {"content": "yes"}}]}
    record = Record("batch", "chat", False, "fast")
    first, second, third = items.take_next(3)
    items.save(
        (),
        [
            items.done(first, Answer(data, record)),
            items.failed(second, ValidationError("no")),
            items.done(third, Answer(data, record)),
        ],
    )
    items.finish(JobStatus.DONE)
    assert [item.ref.get("passed") for item in job.items.all()] == [True, False, True]
    assert [item.result for item in job.items.all()] == ["YES", None, "YES"]
    assert ended == ["done"]
    job.refresh_from_db()
    assert (job.status, job.done, job.failed, job.process_id) == ("done", 2, 1, None)


def test_answer_with_what_databases_dislike_is_kept_as_it_is(order: Callable[..., Job]) -> None:
    items = in_hand(job := order(1))
    (item,) = items.take_next(1)
    data = {"z": "NUL \x00, half a pair, 𝄞", "a": [1.5, None]}
    items.save((), [items.done(item, Answer(data, Record("batch", "chat", False, "fast")))])
    kept = job.items.get().result
    assert kept == data
    assert list(kept) == ["z", "a"]


def test_only_an_ended_job_is_asked_once_more(order: Callable[..., Job]) -> None:
    items = in_hand(job := order(2))
    with pytest.raises(ValidationError, match="still under way"):
        actions.rerun_failed(job)
    first, _ = items.take_next(2)
    items.save((), [items.failed(first, ValidationError("no"))])
    items.finish(JobStatus.CANCELLED)
    assert actions.rerun_failed(job) == 2
    job.refresh_from_db()
    assert (job.status, job.failed, job.ended_at) == ("queued", 0, None)
    assert list(job.items.values_list("error", "call_id")) == [(None, None)] * 2


@pytest.mark.django_db(transaction=True)
async def test_progress_is_followed_to_the_end(order: Callable[..., Job]) -> None:
    job = await database_sync_to_async(order)(2)
    seen: list[tuple[str, int]] = []
    async for now in follow(job.pk):
        seen.append((now.status, now.done))
        await database_sync_to_async(_one_step)(job)
    assert seen == [("queued", 0), ("running", 1), ("done", 2)]


def _one_step(job: Job) -> None:
    """What a worker does that is killed after each item."""
    job.refresh_from_db()
    if job.has_ended:
        return
    Job.objects.update(process_id=None)
    items = in_hand(job)
    items.recover()
    (item,) = items.take_next(1)
    items.save((), [items.done(item, Answer({}, Record("batch", "chat", False, "fast")))])
    if not job.items.filter(status=ItemStatus.PENDING).exists():
        items.finish(JobStatus.DONE)


# --- What is deleted ------------------------------------------------------------------------------


def keep(team: Team, content: bytes, days: float = 1.0) -> StoredFile:
    return files.store(
        [content],
        team_id=team.pk,
        name="input.jsonl",
        purpose="batch",
        expires_at=timezone.now() + timedelta(days=days),
    )


def test_file_is_read_line_by_line_across_its_parts(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PART_BYTES", 7)
    file = keep(team, b"first line\nsecond\n\nthird, without an end")
    assert FilePart.objects.filter(file=file).count() == 6
    assert file.size == 40
    wanted = [b"first line", b"second", b"", b"third, without an end"]
    assert list(files.lines(file.pk)) == wanted


def test_expired_files_go_and_are_gone_before_that(team: Team) -> None:
    kept, _ = keep(team, b"x"), keep(team, b"y", days=-0.01)
    assert list(files.of_team(team.pk)) == [kept]
    tasks.tidy()
    assert list(StoredFile.objects.all()) == [kept]
    assert FilePart.objects.count() == 1


def test_beginning_of_an_upload_that_was_broken_off_goes(team: Team) -> None:
    file = keep(team, b"x")
    StoredFile.objects.update(is_whole=False)
    tasks.tidy()
    assert StoredFile.objects.exists()
    assert not files.of_team(team.pk)
    StoredFile.objects.update(created_at=timezone.now() - timedelta(hours=7))
    tasks.tidy()
    assert not StoredFile.objects.filter(pk=file.pk).exists()


def test_items_of_old_batches_go_and_those_of_other_kinds_stay(
    team: Team, order: Callable[..., Job]
) -> None:
    own, batch = order(2), order(2, kind="openai_batch")
    Job.objects.update(status=JobStatus.DONE, ended_at=timezone.now() - timedelta(days=31))
    recent = order(1, kind="openai_batch")
    KeptAnswer.objects.create(
        call_id=uuid4(), created_at=timezone.now() - timedelta(days=31), body=b"{}"
    )
    tasks.tidy()
    left = {job: job.items.count() for job in (own, batch, recent)}
    assert left == {own: 2, batch: 0, recent: 1}
    assert Job.objects.count() == 3
    assert not KeptAnswer.objects.exists()


def test_batch_kind_is_found_by_name() -> None:
    assert kind_of("openai_batch").items_expire
