"""A comparison and its parts: columns across, turns down, an answer where they cross.

Beside it: files put to it, links that show it to others, named sets of columns, and votes on
answers, which outlive the comparison that they were given in.
"""

import secrets
import uuid

from django.conf import settings
from django.db import models

from llmhub.teams.models import Team
from playground.replays.models import Replay as Replay
from playground.replays.models import ReplayCall as ReplayCall
from playground.replays.models import ReplayPair as ReplayPair
from playground.replays.models import ReplayVote as ReplayVote
from playground.suites.models import Suite as Suite
from playground.suites.models import SuiteRow as SuiteRow
from playground.suites.models import SuiteRun as SuiteRun


class Comparison(models.Model):
    """A playground page. Saved from its first prompt; belongs to a person in a team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comparisons")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparisons"
    )
    name = models.CharField(max_length=120, blank=True)
    blind = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pinned", "-updated_at"]
        indexes = [models.Index(fields=["team", "-updated_at"], name="comparison_recent")]

    def __str__(self) -> str:
        return self.name or "Untitled comparison"


class Column(models.Model):
    """One model of a comparison, with its own parameters and its own history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="columns")
    position = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=200)
    system_prompt = models.TextField(blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.model


class Turn(models.Model):
    """One prompt, put to every column. `parent` is the turn before it on its branch."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="turns")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    prompt = models.TextField()
    template = models.TextField(
        blank=True, default="", help_text="The prompt before its variables were filled in, if any."
    )
    variables = models.JSONField(default=dict, blank=True)
    attachments = models.JSONField(default=list, blank=True)
    request_key = models.CharField(max_length=240, blank=True, default="", editable=False)
    blind_order = models.JSONField(
        default=list, blank=True, help_text="Ids of its columns in a blind test, shuffled."
    )
    revealed_at = models.DateTimeField(
        null=True, blank=True, help_text="When everybody was shown the names of a blind test."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request_key"],
                condition=~models.Q(request_key=""),
                name="one_turn_per_request",
            )
        ]

    def __str__(self) -> str:
        return self.prompt[:80]


class AnswerStatus(models.TextChoices):
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Answer(models.Model):
    """One model's reply to one turn. Its id is the run's. A retry adds one; the newest counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="answers")
    column = models.ForeignKey(Column, on_delete=models.CASCADE, related_name="answers")
    status = models.CharField(
        max_length=12, choices=AnswerStatus.choices, default=AnswerStatus.RUNNING
    )
    content = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    tool_calls = models.JSONField(default=list, blank=True)
    steps = models.JSONField(
        default=list,
        blank=True,
        help_text="What came before it in its turn: calls of tools and their results.",
    )
    schema_check = models.JSONField(null=True, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    error = models.JSONField(null=True, blank=True)
    call_id = models.UUIDField(null=True, blank=True)
    process_id = models.UUIDField(null=True, blank=True)
    request_key = models.CharField(max_length=240, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["request_key"],
                condition=~models.Q(request_key=""),
                name="one_answer_per_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.column} {self.status}"


class Attachment(models.Model):
    """A file that goes along with prompts. Until a prompt takes it, it is its owner's alone."""

    class Kind(models.TextChoices):
        IMAGE = "image"
        TEXT = "text"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="attachments")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attachments"
    )
    comparison = models.ForeignKey(
        Comparison, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name


def _token() -> str:
    return secrets.token_urlsafe(32)


class ShareLink(models.Model):
    """An address that shows a comparison to people who may not change it."""

    class Audience(models.TextChoices):
        TEAM = "team", "The team"
        PUBLIC = "public", "Everybody with the link"

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="links")
    token = models.CharField(max_length=64, unique=True, default=_token, editable=False)
    audience = models.CharField(max_length=6, choices=Audience.choices)
    shows_cost = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.get_audience_display()}: {self.comparison}"


class Preset(models.Model):
    """A named set of columns: models, system prompts and parameters."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="presets")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets"
    )
    name = models.CharField(max_length=80)
    shared = models.BooleanField(default=False)
    columns = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "owner", "name"], name="one_preset_of_a_name_per_person"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Verdict(models.TextChoices):
    BEST = "best", "One is best"
    TIE = "tie", "Tie"
    ALL_BAD = "all_bad", "All bad"


class Vote(models.Model):
    """What a person or a judge thinks of several answers to one prompt.

    `model_names` and `answers` are what was compared, `winner` is an index into them. A person has
    one vote on a turn; withdrawn it does not count, but tells that they have seen the names. A
    judge's `reference` is what the voter calls the case: a second vote on it replaces the first.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="votes",
    )
    judge = models.CharField(max_length=200, blank=True, help_text="The model; empty for people.")
    reference = models.CharField(max_length=200, blank=True)
    turn = models.ForeignKey(
        Turn, null=True, blank=True, on_delete=models.SET_NULL, related_name="votes"
    )
    blind = models.BooleanField(default=False)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    winner = models.PositiveSmallIntegerField(null=True, blank=True)
    prompt = models.TextField(blank=True)
    model_names = models.JSONField(default=list)
    answers = models.JSONField(default=list, help_text="Texts, in the order of the models.")
    answer_ids = models.JSONField(default=list)
    tags = models.JSONField(default=list, blank=True)
    category = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["team", "created_at"], name="vote_team_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["turn", "user"],
                condition=models.Q(turn__isnull=False, user__isnull=False),
                name="one_vote_of_a_person_per_turn",
            ),
            models.UniqueConstraint(
                fields=["team", "judge", "reference"],
                condition=~models.Q(reference=""),
                name="one_vote_of_a_judge_per_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.model_names}"
