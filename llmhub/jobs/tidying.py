"""Deleting what has been kept for its time."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from llmhub.jobs import files
from llmhub.jobs.kinds import kinds_that_expire
from llmhub.jobs.models import JobItem
from llmhub.usage.models import KeptAnswer

_AT_ONCE = 500


def tidy() -> None:
    """Delete expired files, the items of batches that ended long ago, and answers left behind."""
    files.remove_expired()
    before = timezone.now() - timedelta(days=settings.LLMHUB_FILE_DAYS)
    old = JobItem.objects.filter(job__kind__in=kinds_that_expire(), job__ended_at__lt=before)
    while ids := list(old.values_list("pk", flat=True)[:_AT_ONCE]):
        JobItem.objects.filter(pk__in=ids).delete()
    KeptAnswer.objects.filter(created_at__lt=before).delete()
