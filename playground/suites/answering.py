"""What all views of suites share: who may see the page, and refusals as pages."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from llmhub.core.errors import LLMHubError, PermissionError
from playground.signed_in import caller_of
from playground.suites.editing import NotInSuiteError
from playground.suites.models import Suite

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[HttpRequest, Parameters], HttpResponse]


def suite_view(view: "View[Parameters]") -> "View[Parameters]":
    """A view for people who are signed in and in a team. What they may not do is a 403."""

    @login_required
    @wraps(view)
    def answered(
        request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        try:
            caller_of(request)
        except PermissionError as error:
            context = {"message": error.message}
            return render(request, "playground/no_team.html", context, status=403)
        try:
            return view(request, *args, **kwargs)
        except PermissionError as error:
            raise PermissionDenied(error.message) from None
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
