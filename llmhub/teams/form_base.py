"""What the forms of a team's pages have in common."""

from typing import Any

from django import forms

from llmhub.core.errors import ValidationError


class PageForm(forms.Form):
    """A form whose errors name their field, and that puts the cursor into the first wrong one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label} is missing."

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound:
            self._go_to_the_first_error()

    def refuse(self, error: ValidationError) -> None:
        """Show what an action said is wrong, at the field that it is about."""
        field = error.param if error.param in self.fields else None
        text = error.message.removeprefix(f"{error.param}: ")
        self.add_error(field, text)
        self._go_to_the_first_error()

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Of each error the id of its control, the name of its field, and what is wrong."""
        return [
            (self[name].id_for_label, str(self.fields[name].label), str(text))
            if name in self.fields
            else ("", "", str(text))
            for name, texts in self.errors.items()
            for text in texts
        ]

    def _go_to_the_first_error(self) -> None:
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs["autofocus"] = True
                return


def whole_number(label: str, help_text: str = "") -> forms.IntegerField:
    """A limit: a whole number from 1, empty for none."""
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2_147_483_647,
        label=label,
        help_text=help_text,
        widget=_digits("no limit"),
        error_messages={"invalid": "Write a whole number, or nothing for no limit."},
    )


def dollars(label: str, help_text: str = "", *, required: bool = False) -> forms.DecimalField:
    """An amount of US dollars above 0."""
    field = forms.DecimalField(
        required=required,
        max_digits=16,
        decimal_places=10,
        label=label,
        help_text=help_text,
        error_messages={"invalid": "Write an amount like 10 or 2.50."},
    )
    field.widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "no budget"})
    field.validators = [_above_zero, *field.validators]
    return field


def percent(label: str, help_text: str = "") -> forms.IntegerField:
    """A share of 1 to 100, empty for none."""
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label=label,
        help_text=help_text,
        widget=_digits(),
        error_messages={"invalid": "Write a whole number from 1 to 100, or nothing."},
    )


def days(label: str, help_text: str = "") -> forms.IntegerField:
    """A number of days from 0."""
    return forms.IntegerField(
        min_value=0,
        max_value=36_500,
        label=label,
        help_text=help_text,
        widget=_digits(),
        error_messages={"invalid": "Write a whole number of days."},
    )


def _digits(placeholder: str = "") -> forms.TextInput:
    """Not a number input: browsers send "" for what they can't read in one, as if it was empty."""
    return forms.TextInput(attrs={"inputmode": "numeric", "placeholder": placeholder})


def _above_zero(amount: Any) -> None:
    if amount <= 0:
        raise forms.ValidationError("Give more than 0.")
