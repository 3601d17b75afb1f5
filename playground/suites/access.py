"""Which suites a person sees, and which they may change."""

from uuid import UUID

from django.http import Http404, HttpRequest

from llmhub.core.errors import PermissionError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground.signed_in import caller_in
from playground.suites.models import Suite, SuiteRun

_MISSING = "This suite does not exist, or is not your team's."


def may_edit(caller: Caller) -> bool:
    """Viewers look on; all others change and run the team's suites."""
    return caller.role != Role.VIEWER


def check_may_edit(caller: Caller) -> None:
    """Raises PermissionError for viewers."""
    if not may_edit(caller):
        raise PermissionError("Viewers may look at suites but not change or run them.")


def visible_suite(request: HttpRequest, suite_id: UUID) -> tuple[Caller, Suite]:
    """A suite of one of the person's teams, which becomes their current one. Raises Http404."""
    suite = Suite.objects.filter(pk=suite_id).first()
    caller = caller_in(request, suite.team_id) if suite else None
    if suite is None or caller is None:
        raise Http404(_MISSING)
    return caller, suite


def visible_run(request: HttpRequest, run_id: UUID) -> tuple[Caller, SuiteRun]:
    """A run of a suite of one of the person's teams. Raises Http404."""
    run = SuiteRun.objects.select_related("suite", "job").filter(pk=run_id).first()
    caller = caller_in(request, run.suite.team_id) if run else None
    if run is None or caller is None:
        raise Http404(_MISSING)
    return caller, run


def changeable_suite(request: HttpRequest, suite_id: UUID) -> tuple[Caller, Suite]:
    """A suite that the person may change. Raises Http404, PermissionError."""
    caller, suite = visible_suite(request, suite_id)
    check_may_edit(caller)
    return caller, suite


def changeable_run(request: HttpRequest, run_id: UUID) -> tuple[Caller, SuiteRun]:
    """A run that the person may cancel or repeat. Raises Http404, PermissionError."""
    caller, run = visible_run(request, run_id)
    check_may_edit(caller)
    return caller, run
