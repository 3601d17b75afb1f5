"""The pages on which suites are listed, written and started."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.teams.callers import Caller
from playground import variables
from playground.signed_in import caller_of
from playground.suites import access, csv_rows, definition, editing, example, running
from playground.suites.answering import refuse, suite_view, to_suite
from playground.suites.assertions import TYPES
from playground.suites.csv_rows import BadCsvError
from playground.suites.forms import ColumnForm, RowForm
from playground.suites.models import Suite, SuiteRow, SuiteRun
from providers import registry

NEW = "new"
SHOWN_RUNS = 30
_JUDGED_BY = ("judge_model", "judge_prompt")


@require_safe
@suite_view
def suites_page(request: HttpRequest) -> HttpResponse:
    """The team's suites."""
    caller = caller_of(request)
    suites = Suite.objects.filter(team_id=caller.team_id).annotate(row_count=Count("rows"))
    newest = {run.suite_id: run for run in _newest_runs(caller.team_id)}
    context = {
        "suites": [(suite, newest.get(suite.pk)) for suite in suites],
        "may_edit": access.may_edit(caller),
    }
    return render(request, "suites/list.html", context)


def _newest_runs(team_id: int) -> QuerySet[SuiteRun]:
    """The last run of each suite of a team."""
    later = SuiteRun.objects.filter(suite=OuterRef("suite"), created_at__gt=OuterRef("created_at"))
    newest = SuiteRun.objects.filter(~Exists(later), suite__team_id=team_id)
    return newest.select_related("job").defer("definition")


@require_POST
@suite_view
def create(request: HttpRequest) -> HttpResponse:
    """A new suite, or with `example` the example."""
    caller = caller_of(request)
    try:
        if "example" in request.POST:
            return to_suite(example.make(caller))
        return to_suite(editing.create(caller, request.POST.get("name", "")))
    except ValidationError as error:
        refuse(request, error)
        return HttpResponseRedirect(reverse("suites"))


@require_safe
@suite_view
def suite_page(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """A suite: what it asks, what it asserts, its rows and runs."""
    caller, suite = access.visible_suite(request, suite_id)
    return _suite(request, caller, suite)


def _suite(
    request: HttpRequest, caller: Caller, suite: Suite, *, status: int = 200, **typed: Any
) -> HttpResponse:
    """The page; `typed` is what somebody wrote that was refused, and why (`problem`)."""
    rows = list(suite.rows.all())
    names = editing.variable_names(suite, rows)
    context = {
        "suite": suite,
        "columns": suite.columns,
        "rows": [_shown(suite, row, names) for row in rows],
        "names": names,
        "estimate": running.estimate(caller, suite),
        "runs": _runs(suite),
        "types": TYPES.values(),
        "models": _models(caller),
        "judge_prompt": suite.judge_prompt or definition.JUDGE_PROMPT,
        "may_edit": access.may_edit(caller),
        "typed": typed,
    }
    return render(request, "suites/suite.html", context, status=status)


def _shown(suite: Suite, row: SuiteRow, names: list[str]) -> dict[str, Any]:
    """A row as the table has it; `needed` are the variables that its prompt has."""
    needed = set(variables.names(row.prompt or suite.prompt))
    cells = [(name, row.values.get(name, ""), name in needed) for name in names]
    return {"row": row, "cells": cells}


def _runs(suite: Suite) -> list[SuiteRun]:
    runs = suite.runs.defer("definition").select_related("job", "created_by")
    return list(runs.order_by("-created_at")[:SHOWN_RUNS])


def _models(caller: Caller) -> list[str]:
    return [name for name in registry.current().names() if caller.may_use(name)]


# --- Changes --------------------------------------------------------------------------------------


@require_POST
@suite_view
def change(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """Change the suite's name, prompt, or judge: what is sent."""
    caller, suite = access.changeable_suite(request, suite_id)
    fields = {
        name: request.POST[name] for name in ("name", "prompt", *_JUDGED_BY) if name in request.POST
    }
    if fields.get("judge_prompt", "").replace("\r\n", "\n").strip() == definition.JUDGE_PROMPT:
        fields["judge_prompt"] = ""
    try:
        editing.change(suite, **fields)
    except ValidationError as error:
        kept = Suite.objects.get(pk=suite.pk)
        part = "judge" if "judge_prompt" in fields else error.param or ""
        return _suite(
            request, caller, kept, status=400, part=part, problem=error.message, fields=fields
        )
    part = "judge" if "judge_prompt" in fields else next(iter(fields), "")
    return to_suite(suite, part)


@require_POST
@suite_view
def delete(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """Delete the suite with its runs."""
    _, suite = access.changeable_suite(request, suite_id)
    name = suite.name
    try:
        editing.delete(suite)
    except ValidationError as error:
        refuse(request, error)
        return to_suite(suite)
    messages.success(request, f"“{name}” is deleted, with its runs.")
    return HttpResponseRedirect(reverse("suites"))


@require_POST
@suite_view
def add_assertion(request: HttpRequest, suite_id: UUID, row_id: UUID | None = None) -> HttpResponse:
    """Add an assertion, for all rows or for one."""
    caller, suite = access.changeable_suite(request, suite_id)
    kind, value = request.POST.get("type", ""), request.POST.get("value", "")
    try:
        if row_id is None:
            editing.add_assertion(suite.pk, kind, value)
        else:
            editing.add_row_assertion(suite.pk, row_id, kind, value)
    except ValidationError as error:
        typed = {"part": "assertions", "problem": error.message, "type": kind, "value": value}
        if row_id is None:
            return _suite(request, caller, suite, status=400, **typed)
        row = editing.row_of(suite, row_id)
        form = RowForm(suite=suite, names=_names(suite), row=row)
        return _row_page(request, caller, suite, row, form, status=400, **typed)
    return to_suite(suite, "assertions") if row_id is None else _to_row(suite, row_id)


@require_POST
@suite_view
def remove_assertion(
    request: HttpRequest, suite_id: UUID, place: int, row_id: UUID | None = None
) -> HttpResponse:
    """Take an assertion away."""
    _, suite = access.changeable_suite(request, suite_id)
    if row_id is None:
        editing.remove_assertion(suite.pk, place)
        return to_suite(suite, "assertions")
    editing.remove_row_assertion(suite.pk, row_id, place)
    return _to_row(suite, row_id)


def _to_row(suite: Suite, row_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("suite-row", args=[suite.pk, row_id]) + "#assertions")


# --- Models ---------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@suite_view
def column_page(request: HttpRequest, suite_id: UUID, column_id: str) -> HttpResponse:
    """A model of the suite, or a new one."""
    caller, suite = access.changeable_suite(request, suite_id)
    column = next((one for one in suite.columns if one["id"] == column_id), None)
    if column is None and column_id != NEW:
        raise Http404("This model is not in the suite any more.")
    if request.method == "POST":
        form = ColumnForm(request.POST)
        if form.is_valid() and _save_column(suite, column, form):
            return to_suite(suite, "models")
    else:
        form = ColumnForm.of(column) if column else ColumnForm()
    context = {"suite": suite, "column": column, "form": form, "models": _models(caller)}
    status = 400 if form.errors else 200
    return render(request, "suites/column.html", context, status=status)


def _save_column(suite: Suite, column: dict[str, Any] | None, form: ColumnForm) -> bool:
    given = form.cleaned_data
    try:
        editing.save_column(
            suite.pk,
            column["id"] if column else None,
            model=given["model"],
            system_prompt=given["system_prompt"],
            parameters=given["parameters"],
        )
    except ValidationError as error:
        form.add_error("model", error.message)
        return False
    return True


@require_POST
@suite_view
def remove_column(request: HttpRequest, suite_id: UUID, column_id: str) -> HttpResponse:
    """Take a model out of the suite."""
    _, suite = access.changeable_suite(request, suite_id)
    editing.remove_column(suite.pk, column_id)
    return to_suite(suite, "models")


# --- Rows -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@suite_view
def row_page(request: HttpRequest, suite_id: UUID, row_id: UUID | None = None) -> HttpResponse:
    """A row of the suite, or a new one."""
    caller, suite = access.changeable_suite(request, suite_id)
    row = editing.row_of(suite, row_id) if row_id else None
    form = RowForm(request.POST or None, suite=suite, names=_names(suite), row=row)
    if request.method == "POST" and form.is_valid():
        try:
            return _save_row(suite, row, form)
        except ValidationError as error:
            form.add_error("prompt", error.message)
    return _row_page(request, caller, suite, row, form, status=400 if form.errors else 200)


def _save_row(suite: Suite, row: SuiteRow | None, form: RowForm) -> HttpResponse:
    prompt, values = form.cleaned_data["prompt"], form.values
    if row is not None:
        editing.change_row(suite.pk, row.pk, prompt=prompt, values=values)
        return to_suite(suite, "rows")
    made = editing.add_row(suite.pk, prompt=prompt, values=values)
    unfilled = variables.missing(made.prompt or suite.prompt, values)
    return _to_row(suite, made.pk) if unfilled else to_suite(suite, "rows")


def _row_page(
    request: HttpRequest,
    caller: Caller,
    suite: Suite,
    row: SuiteRow | None,
    form: RowForm,
    *,
    status: int,
    **typed: Any,
) -> HttpResponse:
    context = {
        "suite": suite,
        "row": row,
        "form": form,
        "types": TYPES.values(),
        "may_edit": access.may_edit(caller),
        "typed": typed,
    }
    return render(request, "suites/row.html", context, status=status)


def _names(suite: Suite) -> list[str]:
    return editing.variable_names(suite, list(suite.rows.all()))


@require_POST
@suite_view
def remove_row(request: HttpRequest, suite_id: UUID, row_id: UUID) -> HttpResponse:
    """Take a row out of the suite."""
    _, suite = access.changeable_suite(request, suite_id)
    editing.remove_row(suite.pk, row_id)
    return to_suite(suite, "rows")


@require_http_methods(["GET", "HEAD", "POST"])
@suite_view
def import_page(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """Rows from a CSV file, or from what was pasted."""
    _, suite = access.changeable_suite(request, suite_id)
    context: dict[str, Any] = {"suite": suite, "types": TYPES.values()}
    if request.method == "POST":
        context |= {"text": request.POST.get("text", ""), "mode": request.POST.get("mode", "")}
        try:
            number = _import(request, suite)
        except BadCsvError as error:
            return render(
                request, "suites/import.html", context | {"problems": error.problems}, status=400
            )
        except LLMHubError as error:
            return render(
                request, "suites/import.html", context | {"problems": [error.message]}, status=400
            )
        messages.success(request, f"{number} row{'' if number == 1 else 's'} imported.")
        return to_suite(suite, "rows")
    return render(request, "suites/import.html", context)


def _import(request: HttpRequest, suite: Suite) -> int:
    file = request.FILES.get("file")
    if file is not None and (file.size or 0) > csv_rows.MAX_BYTES:
        raise BadCsvError([f"The file is longer than {csv_rows.MAX_BYTES // 1_000_000} MB."])
    text = csv_rows.decoded(file.read()) if file else request.POST.get("text", "")
    if not text.strip():
        raise BadCsvError(["Choose a file, or paste its text."])
    rows = csv_rows.read(text, suite_has_prompt=bool(suite.prompt))
    editing.import_rows(suite.pk, rows, replace=request.POST.get("mode") == "replace")
    return len(rows)


@require_safe
@suite_view
def export_rows(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """The rows as CSV, as `import_page` takes them."""
    _, suite = access.visible_suite(request, suite_id)
    response = HttpResponse(csv_rows.write(suite), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="suite-{suite.pk}.csv"'
    return response


# --- Runs -----------------------------------------------------------------------------------------


@require_POST
@suite_view
def start(request: HttpRequest, suite_id: UUID) -> HttpResponse:
    """Run the suite."""
    caller, suite = access.changeable_suite(request, suite_id)
    try:
        run = running.start(caller, suite)
    except ValidationError as error:
        refuse(request, error)
        return to_suite(suite)
    return HttpResponseRedirect(reverse("suite-run", args=[run.pk]))
