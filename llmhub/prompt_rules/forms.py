"""The form of a rule, and that for trying the rules out."""

from typing import Any

from django import forms

from llmhub.prompt_rules import masking
from llmhub.prompt_rules.models import Action, PromptRule
from llmhub.teams.models import Team
from providers import rules
from providers.models import Credential, ModelMap

MASK_LABELS = {
    masking.EMAIL: "E-mail addresses",
    masking.IBAN: "Bank account numbers (IBAN)",
    masking.CARD: "Card numbers",
    masking.PHONE: "Phone numbers",
}
NEEDED = {
    Action.ROUTE: ("model",),
    Action.SYSTEM_PROMPT: ("text",),
    Action.SEARCH: ("results",),
    Action.BLOCK: ("text",),
    Action.MASK: ("masks",),
    Action.COMPRESS: (),
}
"""What each action takes; the page's script hides the rest."""


class PromptRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    masks = forms.MultipleChoiceField(
        label="What to mask",
        required=False,
        choices=[(kind, MASK_LABELS[kind]) for kind in masking.KINDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="Each value is replaced by a placeholder, as [email 1].",
    )

    class Meta:
        model = PromptRule
        fields = (
            "name",
            "position",
            "team",
            "enabled",
            "match",
            "where",
            "pattern",
            "action",
            "model",
            "text",
            "results",
            "masks",
        )
        widgets = {
            "pattern": forms.Textarea(attrs={"rows": 4, "cols": 60, "spellcheck": "false"}),
            "text": forms.Textarea(attrs={"rows": 4, "cols": 60}),
            "model": forms.TextInput(attrs={"size": 40, "spellcheck": "false"}),
        }

    def clean_model(self) -> str:
        """The name of a model map, or credential/model."""
        name: str = self.cleaned_data["model"].strip()
        if name and self.data.get("action") == Action.ROUTE:
            maps = ModelMap.objects.values_list("name", flat=True)
            credentials = Credential.objects.values_list("name", flat=True)
            if problem := rules.fallback_problem("", [name], maps, credentials):
                raise forms.ValidationError(problem)
        return name


class TryForm(forms.Form):
    """A prompt to put the rules to."""

    team: Any = forms.ModelChoiceField(
        Team.objects.all(), label="Team", required=False, empty_label="Nobody's in particular"
    )
    system = forms.CharField(
        label="System prompt", required=False, widget=forms.Textarea(attrs={"rows": 2, "cols": 80})
    )
    prompt = forms.CharField(
        label="Prompt", max_length=100_000, widget=forms.Textarea(attrs={"rows": 6, "cols": 80})
    )
