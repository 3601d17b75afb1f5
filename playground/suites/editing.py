"""Changing a suite: its name and prompt, its models, its rows, its assertions.

Each function is one operation in one transaction. They raise ValidationError for what does not fit.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.teams.callers import Caller
from playground import variables
from playground.suites import assertions
from playground.suites.access import check_may_edit
from playground.suites.assertions import Assertion
from playground.suites.models import Suite, SuiteRow

NAME_LENGTH = 120
LONGEST_TEXT = 100_000
LONGEST_SUITE = 20_000_000
MOST_COLUMNS = 12
MOST_ROWS = 1000
MOST_SUITES = 500


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be: a prompt or "", values for variables, and assertions of its own."""

    prompt: str
    values: dict[str, str]
    assertions: list[Assertion]


class NotInSuiteError(LLMHubError):
    type = "not_found"
    status = 404


def create(caller: Caller, name: str, **fields: Any) -> Suite:
    """A new suite of the caller's team, without rows."""
    check_may_edit(caller)
    if Suite.objects.filter(team_id=caller.team_id).count() >= MOST_SUITES:
        raise ValidationError("Your team has many suites already. Delete one first.", param="name")
    return Suite.objects.create(
        team_id=caller.team_id, owner_id=caller.user_id, name=clean_name(name), **fields
    )


def clean_name(name: str) -> str:
    """A name on one line."""
    name = " ".join(name.split())
    if not name or "\x00" in name:
        raise ValidationError("Give the suite a name.", param="name")
    if len(name) > NAME_LENGTH:
        raise ValidationError(f"A name has {NAME_LENGTH} characters at most.", param="name")
    return name


def clean_text(text: str, name: str) -> str:
    """A text as it is kept."""
    text = text.replace("\r\n", "\n").strip()
    if "\x00" in text:
        raise ValidationError(f"{name} has a character that is no text (NUL).", param=name)
    if len(text) > LONGEST_TEXT:
        raise ValidationError(f"{name}: {LONGEST_TEXT:,} characters at most.", param=name)
    return text


def change(suite: Suite, **fields: str) -> None:
    """Change name, prompt, judge_model or judge_prompt."""
    for field, text in fields.items():
        clean = clean_name(text) if field == "name" else clean_text(text, field)
        setattr(suite, field, clean)
    if len(suite.judge_model) > 200:
        raise ValidationError("A model's name has 200 characters at most.", param="judge_model")
    if suite.judge_prompt and "{{answer}}" not in suite.judge_prompt.replace(" ", ""):
        raise ValidationError(
            "The judge's prompt must have {{answer}} in it.", param="judge_prompt"
        )
    suite.save(update_fields=[*fields, "updated_at"])


@transaction.atomic
def delete(suite: Suite) -> None:
    """Delete a suite with its runs and their jobs, none of which may be under way."""
    for run in suite.runs.select_for_update(of=("self",)).select_related("job"):
        jobs = [run.job, *run.judge_jobs.all()]
        if not all(job.has_ended for job in jobs):
            raise ValidationError("A run of this suite is under way. Cancel it first.")
        for job in jobs:
            job.delete()
    suite.delete()


# --- Models ---------------------------------------------------------------------------------------


@transaction.atomic
def save_column(
    suite_id: uuid.UUID,
    column_id: str | None,
    *,
    model: str,
    system_prompt: str,
    parameters: dict[str, Any],
) -> None:
    """Change a model of a suite; without an id, add one."""
    suite = _locked(suite_id)
    column = {
        "id": column_id or str(uuid.uuid4()),
        "model": clean_text(model, "model"),
        "system_prompt": clean_text(system_prompt, "system_prompt"),
        "parameters": parameters,
    }
    if not column["model"] or len(column["model"]) > 200:
        raise ValidationError("Choose a model.", param="model")
    if column_id is None:
        if len(suite.columns) >= MOST_COLUMNS:
            raise ValidationError(f"A suite has {MOST_COLUMNS} models at most.", param="model")
        suite.columns = [*suite.columns, column]
    else:
        suite.columns = [column if c["id"] == column_id else c for c in suite.columns]
        if column not in suite.columns:
            raise NotInSuiteError("This model is not in the suite any more.")
    suite.save(update_fields=["columns", "updated_at"])


@transaction.atomic
def remove_column(suite_id: uuid.UUID, column_id: str) -> None:
    """Take a model out of a suite; its runs keep what it said."""
    suite = _locked(suite_id)
    suite.columns = [column for column in suite.columns if column["id"] != column_id]
    suite.save(update_fields=["columns", "updated_at"])


# --- Assertions -----------------------------------------------------------------------------------


@transaction.atomic
def add_assertion(suite_id: uuid.UUID, kind: str, value: str) -> None:
    """Add an assertion for all rows."""
    suite = _locked(suite_id)
    suite.assertions = _with(suite.assertions, kind, value)
    suite.save(update_fields=["assertions", "updated_at"])


@transaction.atomic
def remove_assertion(suite_id: uuid.UUID, place: int) -> None:
    """Take the assertion at this place away."""
    suite = _locked(suite_id)
    suite.assertions = [one for n, one in enumerate(suite.assertions) if n != place]
    suite.save(update_fields=["assertions", "updated_at"])


def _with(present: list[Assertion], kind: str, value: str) -> list[Assertion]:
    if len(present) >= assertions.MOST:
        raise ValidationError(f"{assertions.MOST} assertions at most.", param="type")
    return [*present, assertions.clean(kind, value)]


# --- Rows -----------------------------------------------------------------------------------------


@transaction.atomic
def add_row(suite_id: uuid.UUID, *, prompt: str, values: dict[str, str]) -> SuiteRow:
    """Add a row at the end."""
    suite = _locked(suite_id)
    rows = suite.rows.aggregate(last=Max("position"))
    if suite.rows.count() >= MOST_ROWS:
        raise ValidationError(f"A suite has {MOST_ROWS:,} rows at most.", param="prompt")
    row = SuiteRow(suite=suite, position=-1 if rows["last"] is None else rows["last"])
    row.position += 1
    _fill_in(suite, row, prompt, values)
    row.save()
    suite.save(update_fields=["updated_at"])
    return row


@transaction.atomic
def change_row(
    suite_id: uuid.UUID, row_id: uuid.UUID, *, prompt: str, values: dict[str, str]
) -> None:
    """Give a row another prompt and other values."""
    suite = _locked(suite_id)
    row = row_of(suite, row_id)
    _fill_in(suite, row, prompt, values)
    row.save()
    suite.save(update_fields=["updated_at"])


def _fill_in(suite: Suite, row: SuiteRow, prompt: str, values: dict[str, str]) -> None:
    row.prompt = clean_text(prompt, "prompt")
    row.values = {name: clean_text(text, name) for name, text in values.items()}
    if not row.prompt and not suite.prompt:
        raise ValidationError(
            "Write a prompt for this row, or one for all rows under “Prompt”.", param="prompt"
        )


@transaction.atomic
def remove_row(suite_id: uuid.UUID, row_id: uuid.UUID) -> None:
    """Take a row out of a suite."""
    suite = _locked(suite_id)
    row_of(suite, row_id).delete()
    suite.save(update_fields=["updated_at"])


@transaction.atomic
def import_rows(suite_id: uuid.UUID, rows: list[NewRow], *, replace: bool) -> None:
    """Add rows, or put them in place of those that are there.

    A row that was there before stays the same one, so that its runs can be compared.
    """
    suite = _locked(suite_id)
    present = list(suite.rows.all())
    if not replace and len(present) + len(rows) > MOST_ROWS:
        raise ValidationError(
            f"With these {len(rows):,} rows the suite would have {len(present) + len(rows):,}; "
            f"{MOST_ROWS:,} at most.",
            param="file",
        )
    known: dict[tuple[str, ...], list[uuid.UUID]] = {}
    if replace:
        for row in present:
            known.setdefault(_content(row.prompt, row.values), []).append(row.pk)
        suite.rows.all().delete()
    first = 0 if replace or not present else present[-1].position + 1
    SuiteRow.objects.bulk_create(
        SuiteRow(
            pk=_id_of(known, row),
            suite=suite,
            position=position,
            prompt=row.prompt,
            values=row.values,
            assertions=row.assertions,
        )
        for position, row in enumerate(rows, first)
    )
    suite.save(update_fields=["updated_at"])


def _id_of(known: dict[tuple[str, ...], list[uuid.UUID]], row: NewRow) -> uuid.UUID:
    before = known.get(_content(row.prompt, row.values))
    return before.pop(0) if before else uuid.uuid4()


def _content(prompt: str, values: dict[str, str]) -> tuple[str, ...]:
    """What makes a row the same one: its prompt and its values, those that are not empty."""
    given = sorted((name, text.strip()) for name, text in values.items() if text.strip())
    return (prompt.strip(), *(part for pair in given for part in pair))


@transaction.atomic
def add_row_assertion(suite_id: uuid.UUID, row_id: uuid.UUID, kind: str, value: str) -> None:
    """Add an assertion for one row."""
    row = row_of(_locked(suite_id), row_id)
    row.assertions = _with(row.assertions, kind, value)
    row.save(update_fields=["assertions"])


@transaction.atomic
def remove_row_assertion(suite_id: uuid.UUID, row_id: uuid.UUID, place: int) -> None:
    """Take an assertion of a row away."""
    row = row_of(_locked(suite_id), row_id)
    row.assertions = [one for n, one in enumerate(row.assertions) if n != place]
    row.save(update_fields=["assertions"])


def row_of(suite: Suite, row_id: uuid.UUID) -> SuiteRow:
    """A row of the suite. Raises NotInSuiteError."""
    row = suite.rows.filter(pk=row_id).first()
    if row is None:
        raise NotInSuiteError("This row is not in the suite any more.")
    return row


def variable_names(suite: Suite, rows: list[SuiteRow]) -> list[str]:
    """The variables that the suite and these rows have, in the order in which they appear."""
    texts = [suite.prompt, *(column["system_prompt"] for column in suite.columns)]
    texts += [one["value"] for one in suite.assertions]
    found: dict[str, None] = {}
    for row in rows:
        texts += [row.prompt, *(one["value"] for one in row.assertions)]
    for text in texts:
        found |= dict.fromkeys(variables.names(text))
    for row in rows:
        found |= dict.fromkeys(row.values)
    return list(found)


def _locked(suite_id: uuid.UUID) -> Suite:
    return Suite.objects.select_for_update().get(pk=suite_id)
