"""A replay, the recorded calls that it is of, and blind votes on pairs of answers."""

import uuid

from django.conf import settings
from django.db import models

from llmhub.jobs.fields import JSONTextField
from llmhub.jobs.models import Job
from llmhub.teams.models import Team


class Replay(models.Model):
    """Recorded calls × candidates. `definition` is what was asked for, see definition.py.

    `job` asks the candidates, an item for each cell; each of `judge_jobs` asks the judge.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="replays")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="replay")
    judge_jobs = models.ManyToManyField(Job, related_name="+", blank=True)
    definition = JSONTextField(default=dict)
    summary = JSONTextField(default=dict, help_text="Intervals, written when a job of it ends.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["team", "-created_at"], name="replay_recent")]

    def __str__(self) -> str:
        return f"{self.definition.get('model', '')} {self.created_at:%Y-%m-%d %H:%M}"


class ReplayCall(models.Model):
    """A recorded call of a replay: what was asked and answered, and its figures.

    The texts are null once the team's time for keeping them is over; the figures stay.
    """

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="calls")
    position = models.PositiveIntegerField()
    call_id = models.UUIDField()
    called_at = models.DateTimeField(db_index=True)
    request = JSONTextField(null=True)
    answer = JSONTextField(null=True)
    figures = JSONTextField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["replay", "position"], name="one_call_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.position + 1}"


class ReplayPair(models.Model):
    """A recorded answer and a candidate's, to be shown to people without names.

    `call` is the call's position, `candidate` the candidate's; `swapped` puts the candidate first.
    The id tells nothing of either.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="pairs")
    position = models.PositiveIntegerField()
    call = models.PositiveIntegerField()
    candidate = models.PositiveSmallIntegerField()
    swapped = models.BooleanField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position + 1}"


class ReplayVote(models.Model):
    """What a person thinks of a pair, if they do: a skipped one counts nowhere.

    `answer` is the call whose answer the candidate's was.
    """

    class Choice(models.TextChoices):
        CANDIDATE = "candidate"
        ORIGINAL = "original"
        TIE = "tie"
        ALL_BAD = "all_bad"
        SKIPPED = "skipped"

    pair = models.ForeignKey(ReplayPair, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    choice = models.CharField(max_length=9, choices=Choice.choices)
    answer = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "user", "answer"], name="one_vote_of_a_person_per_pair"
            )
        ]

    def __str__(self) -> str:
        return self.choice
