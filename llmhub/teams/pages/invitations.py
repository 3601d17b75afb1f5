"""The page behind an invitation's link: join with the account that one has, or make one."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from llmhub.core import audit
from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams.current_team import SESSION_KEY
from llmhub.teams.invitations import accept, find
from llmhub.teams.member_forms import AccountForm
from llmhub.teams.models import Invitation

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link is for; join on POST."""
    try:
        invitation = find(token)
    except ValidationError as error:
        return _show(request, status=404, problem=error.message)
    if request.user.is_authenticated:
        return _join_as(request, invitation)
    form = AccountForm(invitation, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, invitation=invitation, form=form)
    return _join_anew(request, invitation, form)


def _join_as(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Join with the account that is signed in."""
    if request.method != "POST":
        return _show(request, invitation=invitation)
    try:
        accept(invitation, request.user)
    except (PermissionError, ValidationError) as error:
        return _refused(request, invitation, error)
    return _welcome(request, invitation)


def _join_anew(request: HttpRequest, invitation: Invitation, form: AccountForm) -> HttpResponse:
    """Make the account, join, and be signed in."""
    try:
        with transaction.atomic():
            person = form.save()
            EmailAddress.objects.create(
                user=person, email=person.email, verified=bool(invitation.email), primary=True
            )
            audit.record("create", person, actor=person, changes={"invited": str(invitation)})
            accept(invitation, person)
    except (PermissionError, ValidationError) as error:
        return _refused(request, invitation, error)
    login(request, person, backend=_BACKEND)
    return _welcome(request, invitation)


def _welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    request.session[SESSION_KEY] = invitation.team_id
    messages.success(request, f"Welcome to {invitation.team}.")
    return HttpResponseRedirect("/")


def _refused(request: HttpRequest, invitation: Invitation, error: LLMHubError) -> HttpResponse:
    return _show(request, status=error.status, invitation=invitation, problem=error.message)


def _show(request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "teams/invitation.html", context, status=status)
