"""The dialog that makes share links, and the page that one shows."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.core.errors import ValidationError
from llmhub.teams import callers
from playground import sharing
from playground.attachment_views import file_response
from playground.models import Comparison, ShareLink
from playground.signed_in import changeable, user_id_of

NOT_THERE = "This link does not exist, or does not work any more."


@login_required
@require_http_methods(["GET", "POST"])
def links(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The links of a comparison; POST makes one."""
    comparison = changeable(request, comparison_id)
    made, problem = None, ""
    if request.method == "POST":
        try:
            made = sharing.create(
                comparison,
                audience=request.POST.get("audience", ""),
                shows_cost="shows_cost" in request.POST,
                person=request.user,
            )
        except ValidationError as error:
            problem = error.message
    return _links(request, comparison, made=made, problem=problem)


@login_required
@require_POST
def revoke(request: HttpRequest, comparison_id: UUID, link_id: int) -> HttpResponse:
    """Take a link back."""
    comparison = changeable(request, comparison_id)
    sharing.revoke(comparison, link_id, request.user)
    return _links(request, comparison)


def _links(request: HttpRequest, comparison: Comparison, **shown: Any) -> HttpResponse:
    live = [(link, _address(request, link)) for link in sharing.live(comparison)]
    context = {"comparison": comparison, "links": live, **shown}
    return render(request, "playground/_share_links.html", context)


def _address(request: HttpRequest, link: ShareLink) -> str:
    return request.build_absolute_uri(f"/s/{link.token}/")


@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The comparison that a link shows, to be read only."""
    link = _opened(request, token)
    context = {
        "link": link,
        "comparison": link.comparison,
        "turns": sharing.turns(link),
        "is_public": link.audience == ShareLink.Audience.PUBLIC,
    }
    return _unlisted(render(request, "playground/shared.html", context))


@require_GET
def shared_attachment(request: HttpRequest, token: str, attachment_id: UUID) -> HttpResponse:
    """A file of a comparison that a link shows."""
    found = sharing.attachment(_opened(request, token), attachment_id)
    if found is None:
        raise Http404(NOT_THERE)
    return _unlisted(file_response(found))


def _opened(request: HttpRequest, token: str) -> ShareLink:
    teams = callers.teams_of(user_id_of(request)) if request.user.is_authenticated else []
    link = sharing.opened(token, teams)
    if link is None:
        raise Http404(NOT_THERE)
    return link


def _unlisted(response: HttpResponse) -> HttpResponse:
    """Kept out of search engines and shared caches; the address goes to no other site."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
