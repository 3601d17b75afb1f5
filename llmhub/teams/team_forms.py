"""The forms for a team itself: starting one, its settings."""

from typing import Any

from django import forms

from llmhub.teams.form_base import PageForm, days, whole_number
from llmhub.teams.models import BodyPolicy, Team


class NewTeamForm(PageForm):
    """The name of a new team."""

    name = forms.CharField(max_length=80, label="Name")


class TeamForm(PageForm):
    """What owners decide for their team. Its limits are for admins of the hub to set."""

    name = forms.CharField(max_length=80, label="Name")
    rpm = whole_number("Requests a minute")
    tpm = whole_number("Tokens a minute")
    max_parallel = whole_number("Calls at once")
    body_policy = forms.ChoiceField(label="Keep of each call", choices=BodyPolicy.choices)
    retention_days = days(
        "Days to keep bodies", "Requests and answers are deleted after that; figures stay."
    )

    def __init__(self, team: Team, data: Any = None, *, sets_limits: bool = False) -> None:
        super().__init__(data, initial={name: getattr(team, name) for name in self.base_fields})
        if not sets_limits:
            for name in ("rpm", "tpm", "max_parallel"):
                del self.fields[name]
