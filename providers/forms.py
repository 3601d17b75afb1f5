"""Forms of the admin for credentials, model maps and deployments."""

import json
from copy import copy
from decimal import Decimal
from typing import Any

from django import forms

from providers import endpoints, model_maps, prices, rules
from providers.catalog import CATALOG, ProviderKind
from providers.form_fields import NamesField, ObjectField, masked, unmasked
from providers.models import Credential, Deployment, ModelMap
from providers.price_text import described, per_1m

PRICE_FIELDS = ("input_cost_per_1m", "output_cost_per_1m", "cached_input_cost_per_1m")


class CredentialForm(forms.ModelForm):  # type: ignore[type-arg]
    """Keys go in and never come out again: an empty key field keeps the stored one."""

    api_key = forms.CharField(
        label="API key",
        required=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "class": "vTextField", "spellcheck": "false"}
        ),
    )
    base_url = forms.CharField(
        label="Base URL",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "url"}),
        help_text="Empty means the kind's own. Used as it stands: for a server that answers under "
        "/v1, end it in /v1.",
    )
    clear_api_key = forms.BooleanField(label="Forget the stored key", required=False)
    extra_headers = ObjectField(
        help_text='Sent with every request, for example {"X-Title": "Hub"}. Stored values show as '
        "••••••; leave that to keep one, take the line out to remove it.",
    )
    options = ObjectField(
        help_text="What else this kind takes. For every kind also connect_timeout_seconds, "
        "first_token_timeout_seconds and idle_timeout_seconds. Not encrypted: no secrets here.",
    )

    class Meta:
        model = Credential
        fields = (
            "name",
            "kind",
            "enabled",
            "api_key",
            "base_url",
            "organization",
            "extra_headers",
            "options",
            "timeout_seconds",
            "max_retries",
            "max_concurrent_requests",
        )
        labels = {"max_concurrent_requests": "Calls at once"}
        widgets = {
            "name": forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        }
        help_texts = {
            "name": "Small letters. Calls may name it: <code>name/model</code>.",
            "organization": "Sent as OpenAI-Organization, where the provider knows that.",
            "timeout_seconds": "For a whole call.",
            "max_retries": "With growing pauses; never after a refused key or a wrong request.",
            "max_concurrent_requests": "Empty means no limit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored_key = self.instance.api_key
        self._stored_headers = dict(self.instance.extra_headers or {})
        self.initial["api_key"] = ""
        self.initial["extra_headers"] = masked(self._stored_headers)
        self._explain_kinds()
        self._explain_key()

    def _explain_kinds(self) -> None:
        if "kind" in self.fields:
            facts = {row.kind: _facts(row) for row in CATALOG.values()}
            self.fields["kind"].widget.attrs["data-kinds"] = json.dumps(facts)
        chosen = CATALOG.get(self.instance.kind)
        if "base_url" in self.fields and chosen:
            self.fields["base_url"].widget.attrs["placeholder"] = endpoints.default_base_url(chosen)

    def _explain_key(self) -> None:
        if "api_key" not in self.fields:
            return
        self.fields["api_key"].help_text = "Stored encrypted and not shown again."
        if self._stored_key:
            self.fields["api_key"].widget.attrs["placeholder"] = "Leave empty to keep the key"
        else:
            self.fields.pop("clear_api_key", None)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        shadowed = ModelMap.objects.filter(name__startswith=f"{name}/").first()
        if shadowed:
            raise forms.ValidationError(
                f"The model map {shadowed} would not be reached any more, since {name}/… would "
                "mean this credential. Rename one of them."
            )
        return name

    def clean_api_key(self) -> str:
        typed: str = self.cleaned_data["api_key"].strip()
        typed = typed.removeprefix("Bearer ").strip()
        if problem := rules.key_problem(typed):
            raise forms.ValidationError(problem)
        return typed or self._stored_key

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        return url

    def clean_clear_api_key(self) -> bool:
        clear: bool = self.cleaned_data["clear_api_key"]
        if clear and self.cleaned_data.get("api_key") not in {self._stored_key, None}:
            raise forms.ValidationError("Either enter a new key or forget the stored one.")
        return clear

    def clean_extra_headers(self) -> dict[str, str]:
        typed = self.cleaned_data["extra_headers"]
        if not isinstance(typed, dict):
            raise forms.ValidationError(rules.headers_problem(typed))
        return unmasked(typed, self._stored_headers)

    def clean_options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.cleaned_data["options"]
        if problem := rules.options_problem(options):
            raise forms.ValidationError(problem)
        return options

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("clear_api_key"):
            cleaned["api_key"] = ""
        return cleaned


def _facts(row: ProviderKind) -> dict[str, Any]:
    """What a script on the page shows when a person picks this kind."""
    return {
        "base_url": endpoints.default_base_url(row),
        "needs_base_url": row.needs_base_url,
        "needs_key": row.needs_key,
        "note": kind_note(row),
        "options": "; ".join(f"{name}: {what}" for name, what in row.options.items()),
        "docs": row.docs,
    }


def kind_note(row: ProviderKind) -> str:
    """In a sentence, what must be filled in for a kind."""
    if row.simulated:
        return "Made-up answers from this machine. Needs nothing."
    if row.needs_base_url:
        key = "an API key" if row.needs_key else "a key only if that server wants one"
        return f"Needs a base URL, the one of your own server or resource; {key}."
    if row.needs_key:
        variable = f" (variable {row.env_key[0]})" if row.env_key else ""
        return f"Needs an API key{variable}. The base URL is known."
    if not endpoints.default_base_url(row):
        return "What it needs is up to the provider behind it; see its documentation."
    return "Needs a base URL only if it runs elsewhere; a key only if that server wants one."


CACHE_NUMBERS = frozenset({"cache_ttl_seconds", "cache_similarity"})
"""May be left empty, for what is usual."""


class ModelMapForm(forms.ModelForm):  # type: ignore[type-arg]
    """A public name. Fallbacks are names with commas between them."""

    fallbacks = NamesField(
        required=False, help_text="Tried in order when every deployment of this model has failed."
    )
    context_fallbacks = NamesField(
        label="Fallbacks for long prompts",
        required=False,
        help_text="Tried when the prompt is longer than this model takes.",
    )
    content_policy_fallbacks = NamesField(
        label="Fallbacks for refused content",
        required=False,
        help_text="Tried when the provider refuses the content.",
    )
    default_parameters = ObjectField(
        help_text='Sent where the caller does not say otherwise, like {"temperature": 0.2}.'
    )

    class Meta:
        model = ModelMap
        fields = (
            "name",
            "description",
            "strategy",
            "enabled",
            "is_default",
            *rules.FALLBACK_FIELDS,
            "default_parameters",
            "cache_ttl_seconds",
            "cache_embedding_model",
            "cache_similarity",
        )
        widgets = {"cache_embedding_model": forms.TextInput(attrs={"class": "vTextField"})}
        help_texts = {
            "name": "The model name that programs send.",
            "strategy": "How one of the deployments with the best priority is picked.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in rules.FALLBACK_FIELDS:
            if name in self.fields:
                self.fields[name].widget.attrs |= {"class": "vTextField", "list": "model-names"}
        for name in CACHE_NUMBERS & self.fields.keys():
            self.fields[name].required = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for field in CACHE_NUMBERS & cleaned.keys():
            if cleaned[field] is None:
                cleaned[field] = getattr(ModelMap(), field)
        if fields := model_maps.CHECKED & cleaned.keys():
            wanted = copy(self.instance)
            for field in fields:
                setattr(wanted, field, cleaned[field])
            for field, problem in model_maps.problems(wanted):
                if field in fields:
                    self.add_error(field, problem)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # `make_default` moves the mark from the model map that has it, so that is no mistake.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


class DeploymentForm(forms.ModelForm):  # type: ignore[type-arg]
    """One upstream model. What is left empty is what the price table says."""

    capabilities = forms.MultipleChoiceField(
        choices=[(name, name.replace("_", " ")) for name in prices.CAPABILITIES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Deployment
        fields = (
            "credential",
            "upstream_model",
            "enabled",
            "priority",
            "weight",
            "rpm",
            "tpm",
            "input_cost_per_1m",
            "output_cost_per_1m",
            "cached_input_cost_per_1m",
            "context_window",
            "capabilities",
        )
        labels = {
            "rpm": "Requests per minute",
            "tpm": "Tokens per minute",
            "input_cost_per_1m": "Input, USD per 1M",
            "output_cost_per_1m": "Output, USD per 1M",
            "cached_input_cost_per_1m": "Cached input, USD per 1M",
            "context_window": "Context window",
        }
        help_texts = {
            "rpm": "",
            "tpm": "",
            "context_window": "",
            "upstream_model": "As the provider calls it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["upstream_model"].widget.attrs |= {"class": "vTextField", "autocomplete": "off"}
        for field in PRICE_FIELDS:
            if (usd := self.initial.get(field)) is not None:
                self.initial[field] = Decimal(per_1m(usd))
        known = _known_price(self.instance)
        for field, text in known.items():
            self.fields[field].widget.attrs["placeholder"] = text
        self.fields[
            "capabilities"
        ].help_text = (
            f"Nothing ticked: what is known of the model ({_known_capabilities(self.instance)})."
        )
        if self.instance.credential_id:
            models = f"models-{self.instance.credential_id}"
            self.fields["upstream_model"].widget.attrs["list"] = models

    def clean_upstream_model(self) -> str:
        name: str = self.cleaned_data["upstream_model"].strip()
        return name

    def clean_capabilities(self) -> list[str] | None:
        return self.cleaned_data["capabilities"] or None


class DeploymentFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The deployments of a model map; none of them stands there twice."""

    def clean(self) -> None:
        super().clean()
        before: set[tuple[str, str]] = set()
        for form in self.forms:
            credential = form.cleaned_data.get("credential")
            model = form.cleaned_data.get("upstream_model")
            if not (credential and model) or form.cleaned_data.get("DELETE"):
                continue
            if problem := rules.twin_problem(credential.name, model, before):
                form.add_error("upstream_model", problem)
            before.add((credential.name, model))


def _lookup(deployment: Deployment) -> prices.Price:
    if not deployment.credential_id:
        return prices.UNKNOWN
    kind = deployment.credential.provider
    return prices.lookup(kind, deployment.upstream_model) or prices.UNKNOWN


def _known_price(deployment: Deployment) -> dict[str, str]:
    if not deployment.credential_id:
        return {}
    return placeholders(_lookup(deployment))


def _known_capabilities(deployment: Deployment) -> str:
    return described(_lookup(deployment).capabilities)


def placeholders(price: prices.Price) -> dict[str, str]:
    """What empty price fields of a deployment stand for."""
    return {
        "input_cost_per_1m": per_1m(price.input_per_1m),
        "output_cost_per_1m": per_1m(price.output_per_1m),
        "cached_input_cost_per_1m": per_1m(price.cached_input_per_1m),
        "context_window": f"{price.context_window:,}" if price.context_window else "unknown",
    }
