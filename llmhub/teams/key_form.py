"""The form by which a team's people make a key and change it."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone

from llmhub.teams import addresses
from llmhub.teams.form_base import PageForm, dollars, percent, whole_number
from llmhub.teams.models import Budget, VirtualKey, Window
from llmhub.teams.place import Place
from providers.models import ModelMap

_LIMITS = ("rpm", "tpm", "max_parallel")
_BUDGET = ("budget_usd", "budget_window", "budget_soft_percent")


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of a team's people, by e-mail."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.email or obj.get_username())


class KeyForm(PageForm):
    """All that may be set of a key. With `key` it starts from what the key has."""

    name = forms.CharField(max_length=80, label="Name")
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        help_text="Empty: it does not expire. Days end at midnight UTC.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    models_allowed = forms.MultipleChoiceField(
        required=False, label="Models", widget=forms.CheckboxSelectMultiple
    )
    user = PersonField(
        queryset=get_user_model().objects.none(),
        required=False,
        label="Person",
        empty_label="The team itself",
        help_text="A key of a person counts to their budgets too.",
    )
    rpm = whole_number("Requests a minute")
    tpm = whole_number("Tokens a minute")
    max_parallel = whole_number("Calls at once")
    budget_usd = dollars("Budget in dollars")
    budget_window = forms.ChoiceField(
        choices=Window.choices, required=False, label="Budget counts", initial=Window.MONTH
    )
    budget_soft_percent = percent("Warn at percent", "Notice is given once in each window.")
    allowed_ips = forms.CharField(
        required=False,
        label="Addresses",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "everywhere"}),
    )
    tags = forms.CharField(
        required=False,
        max_length=500,
        label="Tags",
        help_text="With commas between them; every call of this key carries them.",
    )

    def __init__(
        self, place: Place, data: Any = None, *, key: VirtualKey | None = None, client: str = ""
    ) -> None:
        self.key = key
        self.budgets = list(key.budgets.all()) if key else []
        super().__init__(data, initial=_initial(key, self.budget) if key else None)
        self._offer_models()
        self._offer_people(place)
        self.fields["allowed_ips"].help_text = (
            "Where it may be used from, like 192.0.2.7 or 10.0.0.0/8, one a line. "
            f"Empty: from everywhere. You come from {client or 'an unknown address'}."
        )
        if not self.sets_budget or (self.budget and not place.may_change_budget(self.budget)):
            for name in _BUDGET:
                del self.fields[name]

    @property
    def budget(self) -> Budget | None:
        """The key's budget, where it has one."""
        return self.budgets[0] if self.budgets else None

    @property
    def sets_budget(self) -> bool:
        """Several budgets of one key are a matter for the budgets page."""
        return len(self.budgets) < 2

    @property
    def has_more(self) -> bool:
        """Whether something is set or wrong below the first fields."""
        return any(self[name].errors or self[name].value() for name in self.fields if name in _MORE)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        return name

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day and day < timezone.now().date() and "expires_on" in self.changed_data:
            raise forms.ValidationError("That day is over.")
        return day

    def clean_allowed_ips(self) -> list[str]:
        texts = re.split(r"[\s,;]+", self.cleaned_data["allowed_ips"].strip())
        found = [text for text in texts if text]
        try:
            addresses.networks(found)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return found

    def clean_tags(self) -> list[str]:
        return _words(self.cleaned_data["tags"])

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day, UTC; None when the key does not expire."""
        day = self.cleaned_data["expires_on"]
        if self.key and "expires_on" not in self.changed_data:
            return self.key.expires_at
        return day and datetime.combine(day + timedelta(days=1), time(), UTC)

    @property
    def settings(self) -> dict[str, Any]:
        """The key's own fields, without its budget."""
        known = self.cleaned_data
        names = ("name", "models_allowed", "allowed_ips", "tags", *_LIMITS)
        found = {name: known[name] for name in names} | {"expires_at": self.expires_at}
        return found | ({"user": known["user"]} if "user" in self.fields else {})

    def _offer_models(self) -> None:
        names = list(ModelMap.objects.filter(enabled=True).values_list("name", flat=True))
        own = self.key.models_allowed if self.key else []
        field = self.fields["models_allowed"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in dict.fromkeys([*names, *own])]

    def _offer_people(self, place: Place) -> None:
        """A member's key is their own; owners and admins decide whose a key is."""
        if not place.manages:
            del self.fields["user"]
            return
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)
        people = get_user_model().objects.filter(memberships__team=place.team)
        if self.key and self.key.user_id:
            people = people | get_user_model().objects.filter(pk=self.key.user_id)
        field.queryset = people.distinct().order_by("email", "username")


_MORE = frozenset({"user", "allowed_ips", "tags", "budget_usd", "budget_soft_percent", *_LIMITS})


def _initial(key: VirtualKey, budget: Budget | None) -> dict[str, Any]:
    known = {
        "name": key.name,
        "expires_on": key.expires_at and (key.expires_at - timedelta(microseconds=1)).date(),
        "models_allowed": key.models_allowed,
        "user": key.user_id,
        "allowed_ips": "\n".join(key.allowed_ips),
        "tags": ", ".join(key.tags),
        **{name: getattr(key, name) for name in _LIMITS},
    }
    if budget is not None:
        known |= {
            "budget_usd": plain_amount(budget.amount),
            "budget_window": budget.window,
            "budget_soft_percent": budget.soft_limit_percent,
        }
    return known


def plain_amount(amount: Any) -> str:
    """An amount as people write it into a field: 10, 2.50, 0.001."""
    text = f"{amount:f}"
    whole, _, parts = text.partition(".")
    parts = parts.rstrip("0")
    return f"{whole}.{parts.ljust(2, '0')}" if parts else whole


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))
