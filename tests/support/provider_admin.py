"""The admin's forms of credentials and model maps, filled in, and what its pages answer."""

from typing import Any

from django.contrib.messages import get_messages
from django.urls import reverse

from llmhub.core.models import AuditEntry
from providers.models import Credential, ModelMap

KEY = "sk-live-0123456789abcdef"
CREDENTIALS = "/admin/providers/credential/"
MODELS = "/admin/providers/modelmap/"


def credential_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "mine",
        "kind": "openai",
        "enabled": "on",
        "api_key": KEY,
        "base_url": "",
        "organization": "",
        "extra_headers": "",
        "options": "",
        "timeout_seconds": "60",
        "max_retries": "2",
        "max_concurrent_requests": "",
    } | values


def model_form(*deployments: dict[str, Any], **values: Any) -> dict[str, Any]:
    form = {
        "name": "fast",
        "description": "",
        "strategy": "priority",
        "enabled": "on",
        "fallbacks": "",
        "context_fallbacks": "",
        "content_policy_fallbacks": "",
        "default_parameters": "",
        "deployments-TOTAL_FORMS": len(deployments),
        "deployments-INITIAL_FORMS": sum("id" in row for row in deployments),
    }
    for position, row in enumerate(deployments):
        usual = {"enabled": "on", "priority": 1, "weight": 1}
        form |= {f"deployments-{position}-{name}": v for name, v in (usual | row).items()}
    return form | values


def stored(**values: Any) -> Credential:
    usual = {"name": "mine", "kind": "openai", "api_key": KEY}
    return Credential.objects.create(**usual | values)


def page_of(row: Credential | ModelMap) -> str:
    return reverse(f"admin:providers_{row._meta.model_name}_change", args=[row.pk])


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors(response: Any) -> dict[str, list[str]]:
    """Field → what is wrong with it, of the form on a page that came back."""
    assert response.status_code == 200
    found: dict[str, list[str]] = dict(response.context["adminform"].form.errors)
    for formset in response.context["inline_admin_formsets"]:
        for row in formset.formset.errors:
            found |= row
    return found


def trail(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")
