"""What all views of suites share: who may see the page, and refusals as pages."""

from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from llmhub.core.errors import LLMHubError
from playground.signed_in import Parameters, View, team_view
from playground.suites.editing import NotInSuiteError
from playground.suites.models import Suite


def suite_view(view: "View[Parameters]") -> "View[Parameters]":
    """A `team_view` of a suite. What is no part of it is a 404."""

    @team_view
    @wraps(view)
    def answered(
        request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotInSuiteError as error:
            raise Http404(error.message) from None

    return answered


def to_suite(suite: Suite | UUID, part: str = "") -> HttpResponseRedirect:
    """To a suite's page, at one of its parts."""
    suite_id = suite.pk if isinstance(suite, Suite) else suite
    address = reverse("suite", args=[suite_id])
    return HttpResponseRedirect(f"{address}#{part}" if part else address)


def refuse(request: HttpRequest, error: LLMHubError) -> None:
    """Say on the next page what was wrong."""
    messages.error(request, error.message)
