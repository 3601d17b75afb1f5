"""A suite, its rows, and its runs. A run keeps the suite as it was, and asks in a job."""

import uuid

from django.conf import settings
from django.db import models

from llmhub.jobs.fields import JSONTextField
from llmhub.jobs.models import Job
from llmhub.teams.models import Team


class Suite(models.Model):
    """Prompts × models. Belongs to a team; everybody in it but viewers may change it.

    `columns` are {id, model, system_prompt, parameters}, `assertions` hold for every row and are
    {type, value}. The ids of columns and rows stay, so that runs can be compared.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="suites")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=120)
    prompt = models.TextField(blank=True, help_text="For rows that have none of their own.")
    columns = JSONTextField(default=list)
    assertions = JSONTextField(default=list)
    judge_model = models.CharField(max_length=200, blank=True)
    judge_prompt = models.TextField(blank=True, help_text="Empty: the usual one.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.name


class SuiteRow(models.Model):
    """One prompt of a suite, or the values for the suite's own; `assertions` are added to its."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    prompt = models.TextField(blank=True)
    values = JSONTextField(default=dict)
    assertions = JSONTextField(default=list)

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["suite", "position"], name="suite_row_position")]

    def __str__(self) -> str:
        return f"{self.position + 1}"


class SuiteRun(models.Model):
    """A suite run once. `definition` is the suite at that time.

    `job` asks the models, an item for each cell; each of `judge_jobs` asks the judge about answers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="runs")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="suite_run")
    judge_jobs = models.ManyToManyField(Job, related_name="+", blank=True)
    definition = JSONTextField(default=dict)
    summary = JSONTextField(default=dict, help_text="Sums, written when a job of it ends.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["suite", "-created_at"], name="suite_run_recent")]

    def __str__(self) -> str:
        return f"{self.suite} {self.created_at:%Y-%m-%d %H:%M}"
