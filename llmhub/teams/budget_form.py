"""The form by which a team's people make and change budgets."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from llmhub.teams.form_base import PageForm, dollars, percent
from llmhub.teams.key_form import plain_amount
from llmhub.teams.models import Budget, Membership, VirtualKey, Window
from llmhub.teams.place import Place
from providers.models import ModelMap

User = get_user_model()
_OF: dict[str, Any] = {"key": VirtualKey, "user": User, "model_map": ModelMap}
Choice = tuple[str, str]


class BudgetForm(PageForm):
    """How much may be spent in which window; for a new budget also of what."""

    owner = forms.ChoiceField(label="Budget of")
    amount = dollars("Amount in dollars", required=True)
    window = forms.ChoiceField(choices=Window.choices, label="Counts", initial=Window.MONTH)
    soft_limit_percent = percent("Warn at percent", "Notice is given once in each window.")
    enabled = forms.BooleanField(
        required=False,
        initial=True,
        label="In force",
        help_text="Off: it counts nothing and stops nothing.",
    )

    def __init__(self, place: Place, data: Any = None, *, budget: Budget | None = None) -> None:
        self.place = place
        super().__init__(data, initial=_initial(budget) if budget else None)
        self.fields["amount"].widget.attrs["placeholder"] = "10.00"
        if budget is not None:
            del self.fields["owner"]
            return
        del self.fields["enabled"]
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _owners(place)

    @property
    def of(self) -> dict[str, Any]:
        """Whose the new budget is: {"team": …}, {"key": …}, {"user": …} or {"model_map": …}."""
        kind, _, number = self.cleaned_data["owner"].partition(":")
        return {kind: self.place.team if kind == "team" else _OF[kind].objects.get(pk=number)}

    @property
    def settings(self) -> dict[str, Any]:
        """The amount and its window."""
        names = ("amount", "window", "soft_limit_percent", "enabled")
        return {name: self.cleaned_data[name] for name in names if name in self.fields}


def _initial(budget: Budget) -> dict[str, Any]:
    return {
        "amount": plain_amount(budget.amount),
        "window": budget.window,
        "soft_limit_percent": budget.soft_limit_percent,
        "enabled": budget.enabled,
    }


def _owners(place: Place) -> list[tuple[str, list[Choice]]]:
    """What this person may give a budget, in groups."""
    keys = VirtualKey.objects.filter(team=place.team, revoked_at=None).order_by("name")
    own = _choices("key", (key for key in keys if place.may_change(key)))
    if not place.manages:
        return [("Keys", own)]
    people = Membership.objects.filter(team=place.team).select_related("user")
    reachable = [
        (f"user:{row.user_id}", row.user.email or row.user.get_username())
        for row in people.order_by("user__email")
        if place.person.is_superuser or place.is_only_here(row.user_id)
    ]
    groups = [("Team", [("team:", f"The team {place.team}")]), ("Keys", own), ("People", reachable)]
    if place.person.is_superuser:
        groups.append(("Models, for the whole hub", _choices("model_map", ModelMap.objects.all())))
    return [(label, choices) for label, choices in groups if choices]


def _choices(kind: str, rows: Iterable[Any]) -> list[Choice]:
    return [(f"{kind}:{row.pk}", str(row)) for row in rows]
