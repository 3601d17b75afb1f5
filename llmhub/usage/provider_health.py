"""The admin's page of how providers are doing: tests of credentials, and how deployments did."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from llmhub.core import audit
from llmhub.usage.queries import deployments
from llmhub.usage.queries.deployments import Deployed
from providers import checks
from providers.health import health
from providers.models import Credential, CredentialCheck, Deployment

NONE = Deployed()


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A deployment on the page. Times are in ms, `rest_s` in seconds, the rate in percent."""

    name: str
    models: str
    tone: str
    state: str
    rest_s: float
    lately: Deployed
    p50_ms: float | None
    p95_ms: float | None
    error_percent: float | None


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential on the page, with its deployments."""

    credential: Credential
    check: CredentialCheck | None
    deployments: list[DeploymentRow]


def page(request: HttpRequest) -> HttpResponse:
    """Show how providers are doing; a POST tests one credential, or all."""
    if not request.user.has_perm("providers.view_credential"):
        raise PermissionDenied
    if request.method == "POST":
        if not request.user.has_perm("providers.change_credential"):
            raise PermissionDenied
        _check_now(request)
        return HttpResponseRedirect(reverse("provider_health"))
    context = {
        **admin.site.each_context(request),
        "title": "Health",
        "rows": list(_rows()),
        "hours": deployments.HOURS,
        "most": deployments.MOST_RECORDS,
        "may_check": request.user.has_perm("providers.change_credential"),
    }
    return TemplateResponse(request, "admin/providers/health.html", context)


def _check_now(request: HttpRequest) -> None:
    chosen = request.POST.get("credential", "")
    credentials = [row for row in checks.to_be_checked() if not chosen or str(row.pk) == chosen]
    reports = async_to_sync(checks.run)(credentials)
    failed = 0
    for credential, report in zip(credentials, reports, strict=True):
        checks.keep(credential, report)
        failed += not report.ok
        outcome = {"outcome": report.outcome, "error": report.error_type}
        audit.record("test_connection", credential, actor=request.user, changes=outcome)
    level = messages.WARNING if failed else messages.SUCCESS
    plural = "" if len(credentials) == 1 else "s"
    said = f"Checked {len(credentials)} credential{plural}: {len(credentials) - failed} work."
    messages.add_message(request, level, said)


def _rows() -> Iterator[CredentialRow]:
    lately = deployments.lately()
    rows = Credential.objects.select_related("last_check")
    for credential in rows.prefetch_related("deployments__model_map"):
        check: Any = getattr(credential, "last_check", None)
        yield CredentialRow(credential, check, list(_deployments(credential, lately)))


def _deployments(credential: Credential, lately: dict[str, Deployed]) -> Iterator[DeploymentRow]:
    maps: dict[str, list[Deployment]] = {}
    for deployment in credential.deployments.all():
        maps.setdefault(str(deployment), []).append(deployment)
    for name, rows in maps.items():
        done = lately.get(name, NONE)
        rest_s = health.seconds_to_rest(name)
        tone, state = _state(name, done, rest_s)
        rate = done.error_rate
        yield DeploymentRow(
            name=name,
            models=", ".join(sorted(row.model_map.name for row in rows)),
            tone=tone,
            state=state,
            rest_s=rest_s,
            lately=done,
            p50_ms=done.quantile(0.5),
            p95_ms=done.quantile(0.95),
            error_percent=None if rate is None else 100 * rate,
        )


def _state(name: str, done: Deployed, rest_s: float) -> tuple[str, str]:
    if rest_s:
        return "failed", f"rests for {rest_s:.0f} s"
    if health.of(name).failures_in_row:
        return "unsure", "failing"
    if not done.attempts:
        return "", "not called"
    worked_last = done.last_success and (not done.last_error or done.last_success > done.last_error)
    return ("ok", "works") if worked_last else ("unsure", "failed last")
