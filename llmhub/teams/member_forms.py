"""The forms for people: adding one, making an account from an invitation."""

import secrets
from typing import Any

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.core.exceptions import ValidationError as InvalidError

from llmhub.teams.form_base import PageForm
from llmhub.teams.models import Invitation, Role
from llmhub.teams.place import Place

User = get_user_model()


class AddPersonForm(PageForm):
    """Whom to add or invite, and as what."""

    email = forms.EmailField(
        required=False,
        label="E-mail",
        help_text="Who has an account here is in the team at once; for others you get a link to "
        "hand over. Left empty, the link is for whoever has it.",
    )
    role = forms.ChoiceField(label="Role", initial=Role.MEMBER)

    def __init__(self, place: Place, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = place.gives_roles


class AccountForm(PageForm):
    """The account that somebody makes who was invited."""

    email = forms.EmailField(label="E-mail", help_text="You sign in with it.")
    name = forms.CharField(
        required=False, max_length=150, label="Your name", help_text="Others in the team see it."
    )
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and none that others often take.",
    )
    again = forms.CharField(
        label="Password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, invitation: Invitation, data: Any = None) -> None:
        super().__init__(data, initial={"email": invitation.email})
        self.fields["email"].disabled = bool(invitation.email)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(
                "Somebody has an account with this e-mail. If it is yours, sign in instead."
            )
        return email

    def clean(self) -> dict[str, Any]:
        known = self.cleaned_data
        password = known.get("password")
        if password and known.get("again") and password != known["again"]:
            self.add_error("again", "The two passwords differ.")
        if password:
            person = User(username=known.get("email", ""), email=known.get("email", ""))
            try:
                password_validation.validate_password(password, person)
            except InvalidError as error:
                self.add_error("password", error)
        return known

    def save(self) -> Any:
        """The new account."""
        known = self.cleaned_data
        stem = known["email"].partition("@")[0][:120]
        taken = User.objects.filter(username=stem).exists()
        return User.objects.create_user(
            f"{stem}-{secrets.token_hex(3)}" if taken else stem,
            known["email"],
            known["password"],
            first_name=known["name"].strip(),
        )
