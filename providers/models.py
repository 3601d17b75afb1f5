"""Credentials, model maps and deployments: what the admin edits and the registry reads."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from llmhub.core import keyring
from llmhub.core.fields import EncryptedJSONField, EncryptedTextField
from providers.addresses import address_problem
from providers.catalog import CATALOG, ProviderKind, kind_choices

credential_name = RegexValidator(
    r"^[a-z0-9][a-z0-9_\-]*$", "Use small letters, digits, - and _ (it stands before the slash)."
)
model_name = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_.:/@\-]*$", "Use letters, digits and . : / @ _ - only."
)


def address(url: str) -> None:
    """A base URL, whose host need not have a dot. Raises ValidationError."""
    if problem := address_problem(url):
        raise ValidationError(problem)


def _per_million_usd() -> "models.DecimalField[Any, Any]":
    """A price that may be left open: US dollars for a million tokens, never below zero."""
    return models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)]
    )


class Credential(models.Model):
    """One way into a provider. The key is encrypted and never shown again after saving."""

    name = models.CharField(max_length=60, unique=True, validators=[credential_name])
    kind = models.CharField(max_length=40, choices=kind_choices)
    api_key = EncryptedTextField(blank=True, default="")
    key_last4 = models.CharField(max_length=4, blank=True, editable=False)
    key_fingerprint = models.CharField(max_length=8, blank=True, editable=False)
    base_url = models.CharField(blank=True, max_length=500, validators=[address])
    organization = models.CharField(max_length=200, blank=True)
    extra_headers = EncryptedJSONField(blank=True, default=dict)
    options = models.JSONField(
        blank=True, default=dict, help_text="What else this kind takes: api_version, region …"
    )
    timeout_seconds = models.FloatField(default=120, validators=[MinValueValidator(0.1)])
    max_retries = models.PositiveSmallIntegerField(default=2)
    max_concurrent_requests = models.PositiveIntegerField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key_last4 = self.api_key[-4:] if len(self.api_key) >= 12 else ""
        self.key_fingerprint = keyring.fingerprint(self.api_key) if self.api_key else ""
        super().save(*args, **kwargs)

    @property
    def provider(self) -> ProviderKind:
        """The catalog row of this credential's kind."""
        return CATALOG[self.kind]

    def clean(self) -> None:
        kind = CATALOG.get(self.kind)
        if kind is None:
            return
        if kind.needs_base_url and not self.base_url:
            raise ValidationError({"base_url": f"{kind.label} needs a base URL."})
        if kind.needs_key and not self.api_key:
            raise ValidationError({"api_key": f"{kind.label} needs an API key."})
        headers = self.extra_headers or {}
        if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
            raise ValidationError({"extra_headers": "Give an object of header names and texts."})


class Strategy(models.TextChoices):
    """How a model map picks among its healthy deployments of the best priority."""

    ROUND_ROBIN = "round_robin", "Round robin"
    WEIGHTED = "weighted", "By weight"
    LEAST_BUSY = "least_busy", "Least busy"
    FASTEST = "fastest", "Fastest"
    CHEAPEST = "cheapest", "Cheapest"
    PRIORITY = "priority", "Priority order"


class ModelMap(models.Model):
    """A public model name and the deployments that answer for it."""

    name = models.CharField(max_length=120, unique=True, validators=[model_name])
    description = models.CharField(max_length=300, blank=True)
    strategy = models.CharField(max_length=20, choices=Strategy.choices, default=Strategy.PRIORITY)
    fallbacks = models.JSONField(default=list, blank=True)
    context_fallbacks = models.JSONField(default=list, blank=True)
    content_policy_fallbacks = models.JSONField(default=list, blank=True)
    default_parameters = models.JSONField(
        default=dict, blank=True, help_text="Sent where the caller does not say otherwise."
    )
    cache_ttl_seconds = models.PositiveIntegerField(
        default=0, help_text="Keep answers to equal requests this long; 0 keeps none."
    )
    cache_embedding_model = models.CharField(
        "embedding model for similar prompts",
        max_length=330,
        blank=True,
        help_text="With an embedding model, a kept answer also serves prompts that mean the same "
        "in other words.",
    )
    cache_similarity = models.FloatField(
        "least similarity",
        default=0.95,
        validators=[MinValueValidator(0.5), MaxValueValidator(1)],
        help_text="How similar two prompts must be (cosine), from 0.5 to 1. What is right depends "
        "on the embedding model.",
    )
    is_default = models.BooleanField(default=False, help_text="Answers when a call names no model.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="one_default_model",
                violation_error_message="Another model is the default already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field in ("fallbacks", "context_fallbacks", "content_policy_fallbacks"):
            names = getattr(self, field)
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise ValidationError({field: "Give a list of model names."})
            if self.name in names:
                raise ValidationError({field: f"{self.name} can't fall back to itself."})
        if not isinstance(self.default_parameters, dict):
            raise ValidationError({"default_parameters": "Give an object of parameters."})


class Deployment(models.Model):
    """One upstream model behind one credential, inside a model map."""

    model_map = models.ForeignKey(ModelMap, on_delete=models.CASCADE, related_name="deployments")
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="deployments")
    upstream_model = models.CharField(max_length=200)
    priority = models.PositiveSmallIntegerField(default=1, help_text="1 is tried first.")
    weight = models.PositiveIntegerField(default=1)
    rpm = models.PositiveIntegerField(null=True, blank=True, help_text="Requests per minute.")
    tpm = models.PositiveIntegerField(null=True, blank=True, help_text="Tokens per minute.")
    input_cost_per_1m = _per_million_usd()
    output_cost_per_1m = _per_million_usd()
    cached_input_cost_per_1m = _per_million_usd()
    capabilities = models.JSONField(
        null=True,
        blank=True,
        help_text="Overrides what the price table says, e.g. ['chat', 'tools', 'vision'].",
    )
    context_window = models.PositiveIntegerField(null=True, blank=True, help_text="Tokens.")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["priority", "id"]

    def __str__(self) -> str:
        return f"{self.credential.name}/{self.upstream_model}"


class CredentialCheck(models.Model):
    """How the last test of a credential's connection went, by the clock or by hand."""

    credential = models.OneToOneField(
        Credential, on_delete=models.CASCADE, related_name="last_check", primary_key=True
    )
    checked_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    message = models.TextField(blank=True)
    error_type = models.CharField(max_length=40, blank=True)
    elapsed_ms = models.FloatField()
    succeeded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.credential_id}: {self.outcome} at {self.checked_at}"
