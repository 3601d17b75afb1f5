"""What people type into a suite: a model with its parameters, a row, the suite's own texts."""

from typing import Any

import orjson
from django import forms

from llmhub.core.errors import LLMHubError
from llmhub.gateway import validation
from playground.suites.definition import NEVER_SENT
from playground.suites.editing import LONGEST_TEXT
from playground.suites.models import Suite, SuiteRow

_NUMBERS = ("temperature", "max_tokens", "top_p", "seed")


class ColumnForm(forms.Form):
    """A model: its name, system prompt, the usual parameters, and others as JSON."""

    model = forms.CharField(
        max_length=200,
        widget=forms.TextInput(
            attrs={"list": "suite-models", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="A model of the hub, or credential/model.",
    )
    system_prompt = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="May have {{variables}} of the rows.",
    )
    temperature = forms.FloatField(
        required=False, min_value=0, max_value=2, widget=forms.NumberInput(attrs={"step": "any"})
    )
    max_tokens = forms.IntegerField(required=False, min_value=1)
    top_p = forms.FloatField(
        required=False, min_value=0, max_value=1, widget=forms.NumberInput(attrs={"step": "any"})
    )
    seed = forms.IntegerField(required=False)
    more = forms.CharField(
        label="More parameters",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text='A JSON object, like {"reasoning_effort": "low"}.',
    )

    @classmethod
    def of(cls, column: dict[str, Any]) -> "ColumnForm":
        """The form with what a column has."""
        parameters = dict(column["parameters"])
        usual = {name: parameters.pop(name, None) for name in _NUMBERS}
        more = orjson.dumps(parameters, option=orjson.OPT_INDENT_2).decode() if parameters else ""
        return cls(
            initial={
                "model": column["model"],
                "system_prompt": column["system_prompt"],
                **usual,
                "more": more,
            }
        )

    def clean_more(self) -> dict[str, Any]:
        """The other parameters."""
        text = self.cleaned_data["more"].strip()
        if not text:
            return {}
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise forms.ValidationError(f"This is not JSON: {error.msg}, {where}.") from None
        if not isinstance(found, dict):
            raise forms.ValidationError("Parameters are a JSON object: {…}.")
        if taken := found.keys() & NEVER_SENT:
            raise forms.ValidationError(f"The suite itself sets {', '.join(sorted(taken))}.")
        return found

    def clean(self) -> dict[str, Any]:
        """All parameters together, as the gateway takes them."""
        known: dict[str, Any] = self.cleaned_data
        parameters = {name: known[name] for name in _NUMBERS if known.get(name) is not None}
        parameters |= known.get("more") or {}
        messages = [{"role": "user", "content": "?"}]
        try:
            validation.chat({**parameters, "model": "any", "messages": messages})
        except LLMHubError as error:
            self.add_error("more", error.message)
        known["parameters"] = parameters
        return known


class RowForm(forms.Form):
    """A row: its prompt, and a value for each variable that is known."""

    prompt = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(
        self,
        data: Any = None,
        *,
        suite: Suite,
        names: list[str],
        row: SuiteRow | None = None,
    ) -> None:
        values = row.values if row else {}
        initial = {"prompt": row.prompt if row else ""}
        initial |= {f"value-{name}": values.get(name, "") for name in names}
        super().__init__(data, initial=initial)
        self._names = names
        if suite.prompt:
            self.fields["prompt"].help_text = "Empty: the suite's prompt is asked."
        for name in names:
            self.fields[f"value-{name}"] = forms.CharField(
                label=name,
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @property
    def value_fields(self) -> list[forms.BoundField]:
        """The fields for variables."""
        return [self[f"value-{name}"] for name in self._names]

    @property
    def values(self) -> dict[str, str]:
        """What was typed for each variable."""
        return {name: self.cleaned_data[f"value-{name}"] for name in self._names}
