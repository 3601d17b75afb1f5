"""The record of every call, and the sums that charts read instead of it.

RequestLog is written by `llmhub.usage.recorder` alone and read by everything else; the sums are
written by `llmhub.usage.rollups` alone.

Token counts follow OpenTelemetry's names. `input_tokens` includes `cached_input_tokens`, and
`output_tokens` includes `reasoning_tokens`. Money is US dollars; null means unknown, never 0.
Foreign keys have no constraint in the database: deleting a team or a key keeps its records.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from llmhub.teams.models import Team, VirtualKey

usd: dict[str, Any] = {"max_digits": 20, "decimal_places": 10, "null": True}
by_reference: dict[str, Any] = {
    "null": True,
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
}


class Status(models.TextChoices):
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled", "cancelled (the caller went away or stopped it)"
    INTERRUPTED = "interrupted", "interrupted (cut off by the upstream or a crash)"


class Source(models.TextChoices):
    API = "api"
    PLAYGROUND = "playground"
    PYTHON = "python"
    BATCH = "batch"


class RequestLog(models.Model):
    """One call, from its start to its end. The id is a UUIDv7, so ids sort by time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    parent_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    process_id = models.UUIDField(null=True)
    source = models.CharField(max_length=12, choices=Source.choices)
    operation = models.CharField(max_length=20)
    stream = models.BooleanField()
    team = models.ForeignKey(Team, db_index=False, **by_reference)
    key = models.ForeignKey(VirtualKey, db_index=False, **by_reference)
    key_prefix = models.CharField(max_length=16, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, db_index=False, **by_reference)
    tags = models.JSONField(default=list)
    model = models.CharField(max_length=200)
    response_model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    credential = models.CharField(max_length=60, blank=True)
    deployment = models.CharField(max_length=270, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices)
    error_type = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    attempts = models.JSONField(default=list)
    cache = models.CharField(max_length=8, blank=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cached_input_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)
    input_cost = models.DecimalField(**usd)
    output_cost = models.DecimalField(**usd)
    cost = models.DecimalField(**usd)
    cost_saved = models.DecimalField(**usd)
    connect_ms = models.FloatField(null=True)
    time_to_first_token_ms = models.FloatField(null=True)
    latency_ms = models.FloatField(null=True)
    overhead_ms = models.FloatField(null=True)
    tokens_per_second = models.FloatField(null=True)
    finish_reason = models.CharField(max_length=30, blank=True)
    notes = models.JSONField(default=list)
    searches = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], name="call_time"),
            models.Index(fields=["team", "created_at"], name="call_team_time"),
            models.Index(
                fields=["process_id"],
                name="call_running",
                condition=models.Q(status="running"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.status} {self.id}"


class RequestBody(models.Model):
    """What was asked and answered, by the team's policy; apart, so that charts never read it."""

    call = models.OneToOneField(
        RequestLog,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="body",
    )
    created_at = models.DateTimeField(db_index=True)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.pk)


class KeptAnswer(models.Model):
    """The answer to a call whose asker may die before it has it.

    Written in the transaction of the record, so a call that succeeded is never paid for twice.
    Whoever has taken the answer deletes it.
    """

    call_id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField(db_index=True)
    body = models.BinaryField()

    def __str__(self) -> str:
        return str(self.call_id)


class UsageBucket(models.Model):
    """Finished calls of one stretch of time and one combination of dimensions, added up.

    `span` is the stretch in seconds (see `spans`), `digest` names the dimensions; the `grain` (see
    `grains`) says which of them are told apart, the others are empty. Money is in ten-billionths of
    a dollar, whole, so that sums are exact on SQLite too.
    """

    grain = models.PositiveSmallIntegerField()
    span = models.PositiveIntegerField()
    start = models.DateTimeField()
    digest = models.CharField(max_length=32)
    team_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=12, blank=True)
    status = models.CharField(max_length=12)
    error_type = models.CharField(max_length=40, blank=True)
    tags = models.JSONField(default=list)
    requests = models.BigIntegerField()
    cache_hits = models.BigIntegerField()
    unknown_cost = models.BigIntegerField(help_text="Calls that cost something, price unknown.")
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_units = models.BigIntegerField()
    saved_units = models.BigIntegerField()
    sketches = models.TextField(help_text="Histograms; see queries/sketch.py.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grain", "span", "start", "digest"], name="one_bucket_per_digest"
            )
        ]
        indexes = [
            models.Index(fields=["grain", "span", "team_id", "start"], name="bucket_team_time"),
        ]

    def __str__(self) -> str:
        return f"{self.span}s from {self.start}: {self.requests} × {self.model} {self.status}"


class UnsettledCall(models.Model):
    """A call that was still running when its stretch of time was rolled up."""

    call_id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.call_id)


class RollupProgress(models.Model):
    """A single row: buckets hold every settled call before `rolled_until`.

    Buckets of the finest span exist from `fine_from` on; older ones were dropped.
    """

    rolled_until = models.DateTimeField(null=True)
    fine_from = models.DateTimeField()

    def __str__(self) -> str:
        return f"rolled up until {self.rolled_until}"
