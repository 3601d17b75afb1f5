"""A person's access tokens: made, shown once, revoked."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from llmhub.core.errors import ValidationError
from llmhub.teams.form_base import PageForm
from llmhub.teams.models import AccessToken
from llmhub.teams.tokens import create_token, revoke_token

LIVES = (("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until it is revoked"))


class TokenForm(PageForm):
    """Name, life and rights of a new token."""

    name = forms.CharField(max_length=80, label="Name", help_text="What it is for.")
    days = forms.ChoiceField(choices=LIVES, required=False, initial="90", label="Works for")
    read_only = forms.BooleanField(required=False, label="It may look but change nothing")

    @property
    def settings(self) -> dict[str, Any]:
        """What `create_token` takes."""
        known = self.cleaned_data
        life = timedelta(days=int(known["days"])) if known["days"] else None
        return {
            "name": known["name"],
            "read_only": known["read_only"],
            "expires_at": life and timezone.now() + life,
        }


@require_safe
@login_required
@never_cache
def tokens_page(request: HttpRequest) -> HttpResponse:
    """The person's tokens, and the form for a new one."""
    return _page(request, TokenForm())


@require_POST
@login_required
@never_cache
def tokens_create(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        token, text = create_token(user=request.user, acting_user=request.user, **form.settings)
    except ValidationError as error:
        form.refuse(error)
        return _page(request, form)
    return _page(request, TokenForm(), made=token, text=text)


@require_POST
@login_required
def tokens_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse one of the person's own tokens from now on."""
    token = get_object_or_404(AccessToken, pk=pk, user=request.user)
    revoke_token(token, acting_user=request.user)
    messages.success(request, f"“{token.name}” is revoked. It is refused from now on.")
    return redirect("tokens")


def _page(request: HttpRequest, form: TokenForm, **context: Any) -> HttpResponse:
    tokens = list(AccessToken.objects.filter(user=request.user.pk))
    tokens.sort(key=lambda token: token.state != "active")
    address = request.build_absolute_uri("/api/v1/teams")
    known = {"form": form, "tokens": tokens, "address": address, **context}
    return render(request, "teams/tokens.html", known)
