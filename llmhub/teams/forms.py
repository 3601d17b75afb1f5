"""Forms of the admin for API keys and people."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AdminUserCreationForm
from django.utils import timezone

from llmhub.teams.models import VirtualKey
from providers import rules
from providers.form_fields import NamesField
from providers.models import Credential, ModelMap

User = get_user_model()


class VirtualKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person may set of a key; the key itself is made by the hub."""

    models_allowed = NamesField(
        label="Models",
        required=False,
        help_text="Model names with commas between them; empty means every model.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    tags = NamesField(
        required=False,
        help_text="With commas between them; every call of this key carries them.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    class Meta:
        model = VirtualKey
        fields = ("team", "name", "models_allowed", "tags", "expires_at")
        help_texts = {
            "name": "What it is for; calls are shown under it.",
            "expires_at": "Empty means never. Times are UTC.",
        }

    def clean_models_allowed(self) -> list[str]:
        names: list[str] = self.cleaned_data["models_allowed"]
        known = ModelMap.objects.values_list("name", flat=True)
        credentials = Credential.objects.values_list("name", flat=True)
        if problem := rules.fallback_problem("", names, known, credentials):
            raise forms.ValidationError(problem)
        return names

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and "expires_at" in self.changed_data and expires_at <= timezone.now():
            raise forms.ValidationError("That is in the past.")
        return expires_at


class PersonForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new account. People sign in by e-mail, so none goes without one."""

    email = forms.EmailField(label="E-mail")

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody has this e-mail already.")
        return email
