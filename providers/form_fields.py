"""Form fields for what the admin edits: names in a row, headers whose values stay hidden."""

import json
from typing import Any, Final

from django import forms

from providers import rules

MASK: Final = "••••••"


class NamesField(forms.CharField):
    """A list of names, typed with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [name.strip() for name in (value or "").split(",") if name.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class ObjectField(forms.JSONField):
    """A JSON object in a text box of a few lines; empty means {}."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "hub-code", "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if value is None or value == {}:
            return ""
        if isinstance(value, dict):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        return super().to_python(value) or {}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial or {}, data or "{}")


def masked(headers: dict[str, str]) -> dict[str, str]:
    """The headers with their values hidden."""
    return dict.fromkeys(headers, MASK)


def unmasked(typed: dict[str, Any], stored: dict[str, str]) -> dict[str, str]:
    """What a person typed, with stored values behind the masks that they left alone.

    Raises ValidationError for headers that can't be sent.
    """
    unknown = [name for name, text in typed.items() if text == MASK and name not in stored]
    if unknown:
        raise forms.ValidationError(f"There is no stored value for {unknown[0]}. Type one.")
    headers = {name: stored[name] if text == MASK else text for name, text in typed.items()}
    if problem := rules.headers_problem(headers):
        raise forms.ValidationError(problem)
    return headers
