"""The form by which a team's people make a key."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from providers.models import ModelMap


class NewKeyForm(forms.Form):
    """Name, models and last day of a new key."""

    name = forms.CharField(max_length=80, label="Name")
    models_allowed = forms.MultipleChoiceField(
        required=False, label="Models", widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(
        required=False, label="Last day", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ModelMap.objects.filter(enabled=True).values_list("name", flat=True)
        field = self.fields["models_allowed"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day and day < timezone.now().date():
            raise forms.ValidationError("That day is over.")
        return day

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day, UTC; None when the key does not expire."""
        day = self.cleaned_data["expires_on"]
        return day and datetime.combine(day + timedelta(days=1), time(), UTC)
