"""Long work: a job and its items, each of which is one call; the files of batches."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from llmhub.jobs.fields import JSONTextField
from llmhub.teams.models import Team, VirtualKey
from llmhub.usage.models import by_reference

DEFAULT_CONCURRENCY = 8
MAX_CONCURRENCY = 64


class JobStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done", "done (items may have failed)"
    FAILED = "failed", "failed (it could not go on)"
    CANCELLED = "cancelled"


class ItemStatus(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})
UNFINISHED = frozenset({ItemStatus.PENDING, ItemStatus.RUNNING})


class Job(models.Model):
    """Many calls on behalf of a team's key or person; of neither, of the team itself.

    A key or person that is deleted stays named: the job then fails, and what it has is kept.

    `done` and `failed` count items that have ended, `cost` is what they cost in US dollars, as far
    as that is known. `process_id` is the worker process that has it in hand.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    key = models.ForeignKey(VirtualKey, **by_reference, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, **by_reference, related_name="+")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=200, blank=True)
    status = models.CharField(
        max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED, db_index=True
    )
    concurrency = models.PositiveSmallIntegerField(
        default=DEFAULT_CONCURRENCY,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CONCURRENCY)],
        help_text="Calls under way at once.",
    )
    options = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(default=timezone.now)
    process_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["team", "-created_at"], name="job_recent")]

    def __str__(self) -> str:
        return self.title or f"{self.kind} {self.pk}"

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class JobItem(models.Model):
    """One call of a job. `ref` is the owner's: whatever it needs to know the item again by.

    `call_id` is the id of the call's record, set before the call is made. `result` is the answer,
    `error` the type and message of what it failed with.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    operation = models.CharField(max_length=20, default="chat")
    body = JSONTextField()
    ref = JSONTextField(null=True)
    status = models.CharField(max_length=10, choices=ItemStatus.choices, default=ItemStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    call_id = models.UUIDField(null=True)
    result = JSONTextField(null=True)
    error = JSONTextField(null=True)
    cost = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_item_per_position")
        ]
        indexes = [models.Index(fields=["job", "status"], name="item_status")]

    def __str__(self) -> str:
        return f"{self.position} {self.status}"


class StoredFile(models.Model):
    """A team's file. It is kept in the database, in parts, so that every machine sees it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="files")
    job = models.ForeignKey(
        Job,
        null=True,
        on_delete=models.SET_NULL,
        related_name="files",
        help_text="The job that wrote it; empty for what was uploaded.",
    )
    name = models.CharField(max_length=255)
    purpose = models.CharField(max_length=30)
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    is_whole = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["team", "-created_at"], name="file_recent")]

    def __str__(self) -> str:
        return self.name


class FilePart(models.Model):
    """A piece of a file's bytes."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="one_part_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.number}"
