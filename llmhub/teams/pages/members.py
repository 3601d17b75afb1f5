"""The members page: who is in a team, as what, and who is invited."""

from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from llmhub.core.errors import PermissionError, ValidationError
from llmhub.teams.invitations import LIFETIME, invite, withdraw
from llmhub.teams.member_forms import AddPersonForm
from llmhub.teams.members import (
    add_member,
    change_role,
    find_person,
    members_of,
    remove_member,
)
from llmhub.teams.models import Invitation, Membership, Role
from llmhub.teams.pages.answers import back_to, no_team, page
from llmhub.teams.place import Place, place_of, place_or_404

log = structlog.get_logger(__name__)


@require_safe
@login_required
@never_cache
def members_page(request: HttpRequest) -> HttpResponse:
    """The people of a team, those invited, and the form for more."""
    place = place_of(request, request.GET.get("team", ""))
    return no_team(request) if place is None else _list(request, place, AddPersonForm(place))


@require_POST
@login_required
@never_cache
def members_add(request: HttpRequest) -> HttpResponse:
    """Add somebody who has an account, or make a link for somebody who has none."""
    place = place_or_404(request, request.POST.get("team", ""))
    if not place.manages:
        raise PermissionDenied("Only owners and admins of a team look after its people.")
    form = AddPersonForm(place, request.POST)
    if not form.is_valid():
        return _list(request, place, form)
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        if (person := _account(email)) is None:
            return _invite(request, place, email, role)
        add_member(team=place.team, person=person, role=role, acting_user=request.user)
    except ValidationError as error:
        form.refuse(ValidationError(error.message, param="email"))
        return _list(request, place, form)
    messages.success(request, f"{email} is in the team now, as {role}.")
    return back_to("team", place)


@require_POST
@login_required
def members_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a person something else."""
    place, member = _place_and_member(request, pk)
    role = request.POST.get("role", "")
    try:
        change_role(member, role, acting_user=request.user)
    except ValidationError as error:
        messages.error(request, f"Role: {error.message.removeprefix('role: ')}")
    except PermissionError as error:
        raise PermissionDenied(error.message) from None
    else:
        messages.success(request, f"{member.user.email or member.user} is {Role(role).label} now.")
    return back_to("team", place)


@require_POST
@login_required
def members_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person out of the team, or leave it."""
    place, member = _place_and_member(request, pk)
    left = member.user_id == request.user.pk
    try:
        remove_member(member, acting_user=request.user)
    except ValidationError as error:
        messages.error(request, error.message)
        return back_to("team", place)
    except PermissionError as error:
        raise PermissionDenied(error.message) from None
    if left and not place.person.is_superuser:
        messages.success(request, f"You have left {place.team}.")
        return HttpResponseRedirect(reverse("team"))
    messages.success(request, f"{member.user.email or member.user} is out of the team.")
    return back_to("team", place)


@require_POST
@login_required
def invitations_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse an invitation's link from now on."""
    invitation = get_object_or_404(Invitation.objects.select_related("team"), pk=pk)
    place = place_or_404(request, invitation.team.slug)
    if not place.may_look_after(invitation):
        raise PermissionDenied("Only owners and admins of a team look after its people.")
    withdraw(invitation, acting_user=request.user)
    messages.success(request, "The invitation is withdrawn; its link is refused from now on.")
    return back_to("team", place)


# --- What is done ---------------------------------------------------------------------------------


def _account(email: str) -> Any:
    try:
        return find_person(email) if email else None
    except ValidationError:
        return None


def _invite(request: HttpRequest, place: Place, email: str, role: str) -> HttpResponse:
    invitation, token = invite(team=place.team, role=role, email=email, acting_user=request.user)
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    sent, problem = False, ""
    if email and settings.LLMHUB_SENDS_EMAIL:
        sent = _send(place, invitation, link)
        problem = "" if sent else "The e-mail could not be sent: hand the link over yourself."
    context = {"invitation": invitation, "link": link, "sent": sent, "not_sent": problem}
    return _list(request, place, AddPersonForm(place), **context)


def _send(place: Place, invitation: Invitation, link: str) -> bool:
    """Send the link to whom it is for. False if the e-mail server does not take it."""
    text = (
        f"{place.person.get_full_name() or place.person.email} invites you to the team "
        f"{place.team} on LLM Hub.\n\nOpen this link to join. It works once, for "
        f"{LIFETIME.days} days:\n{link}\n"
    )
    try:
        send_mail(f"Join {place.team} on LLM Hub", text, None, [invitation.email])
    except (OSError, SMTPException) as error:
        log.warning("invitation_not_sent", team=place.team.slug, error=type(error).__name__)
        return False
    return True


def _place_and_member(request: HttpRequest, pk: int) -> tuple[Place, Membership]:
    member = get_object_or_404(Membership.objects.select_related("team", "user"), pk=pk)
    return place_or_404(request, member.team.slug), member


# --- What is shown --------------------------------------------------------------------------------


def _list(request: HttpRequest, place: Place, form: AddPersonForm, **context: Any) -> HttpResponse:
    people = list(members_of(place.team))
    people.sort(key=lambda row: (list(Role).index(Role(row.role)), row.user.email))
    known = {
        "form": form,
        "people": people,
        "changeable": {row.pk for row in people if place.may_look_after(row)},
        "invitations": _invitations(place),
        **context,
    }
    return page(request, place, "members", "teams/members.html", **known)


def _invitations(place: Place) -> QuerySet[Invitation] | list[Invitation]:
    """Those that wait for somebody; members and viewers need not know whom."""
    if not place.manages:
        return []
    return place.team.invitations.select_related("created_by")
