"""The line of jobs that wait for a worker, and who has one in hand.

A message of Celery's only says "look at this job". Who works on it is decided in the database: the
worker process that puts its id into the row first. It keeps the job until it lets go of it or dies,
so a message that comes twice does no harm, and one that is lost is sent again by `stranded`.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from llmhub.jobs.models import Job, JobStatus
from llmhub.usage import processes

log = structlog.get_logger(__name__)

WAITS_LONG = timedelta(minutes=2)
_TASK = "llmhub.jobs.tasks.run_job"
_UNDER_WAY = (JobStatus.RUNNING, JobStatus.CANCELLING)


def put(job_id: UUID) -> None:
    """Tell the workers about a job. If they can't be told now, `stranded` finds it later."""
    from llmhub.celery import app

    try:
        app.send_task(_TASK, [str(job_id)])
    except OperationalError as error:
        log.warning("job_waits_for_broker", job=str(job_id), error=str(error))


def put_on_commit(job: Job) -> None:
    """Tell the workers when the transaction has ended."""
    transaction.on_commit(lambda: put(job.pk))


def take(job_id: UUID, process_id: UUID) -> Job | None:
    """Take a job in hand; None if it has ended or another living process has it."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None or job.has_ended:
            return None
        if job.process_id is not None and processes.is_alive(job.process_id):
            return None
        if job.status == JobStatus.QUEUED:
            job.status = JobStatus.RUNNING
        job.process_id = process_id
        job.started_at = job.started_at or timezone.now()
        job.save(update_fields=["status", "process_id", "started_at"])
    return job


def let_go(job_id: UUID, process_id: UUID) -> None:
    """Leave a job that is not at its end to whoever takes it next."""
    Job.objects.filter(pk=job_id, process_id=process_id).update(
        process_id=None, queued_at=timezone.now()
    )


def stranded(waited: timedelta = WAITS_LONG) -> list[UUID]:
    """The jobs that nobody works on: their worker is dead, or they have waited so long."""
    waiting = Q(process_id=None) & Q(queued_at__lte=timezone.now() - waited)
    in_hand = Q(process_id__isnull=False)
    open_jobs = Job.objects.filter(status__in=[JobStatus.QUEUED, *_UNDER_WAY])
    found = open_jobs.filter(waiting | in_hand).values_list("pk", "process_id")
    lost = [pk for pk, worker in found if worker is None or not processes.is_alive(worker)]
    Job.objects.filter(pk__in=lost).update(queued_at=timezone.now())
    return lost
