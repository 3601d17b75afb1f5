"""The admin site under our name: who gets in, what comes first, and what is still to be done."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

_APP_ORDER = (
    "providers", "teams", "prompt_rules", "jobs", "playground", "auth", "core", "account",
)  # fmt: skip
_SIGN_IN = ("account", "mfa", "socialaccount")
_NAMES = {"auth": "People", "account": "Sign-in"}


class HubAdminSite(AdminSite):
    site_header = "LLM Hub"
    site_title = "LLM Hub admin"
    index_title = "Set up the hub"
    enable_nav_sidebar = True

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The hub's own sign-in, so that single sign-on and the second factor hold here too."""
        from allauth.account.decorators import secure_admin_login

        response: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our own apps first, in the order in which one needs them; all of sign-in as one."""
        apps = super().get_app_list(request, app_label)
        if app_label is None:
            apps = _gathered(apps)
        for app in apps:
            app["name"] = _NAMES.get(app["app_label"], app["name"])
        return sorted(apps, key=lambda app: _place(app["app_label"]))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        steps = _first_steps() if request.user.is_superuser else []
        return super().index(request, {"first_steps": steps, **(extra_context or {})})


def _gathered(apps: list[Any]) -> list[Any]:
    sign_in = [app for app in apps if app["app_label"] in _SIGN_IN]
    for app in sign_in[1:]:
        sign_in[0]["models"] += app["models"]
    return [app for app in apps if app not in sign_in[1:]]


def _place(app_label: str) -> int:
    return _APP_ORDER.index(app_label) if app_label in _APP_ORDER else len(_APP_ORDER)


def _first_steps() -> list[dict[str, Any]]:
    from llmhub.teams.models import VirtualKey
    from providers.models import Credential, ModelMap

    real = Credential.objects.exclude(kind="simulator").count()
    maps = ModelMap.objects.exclude(deployments__credential__kind="simulator").count()
    keys = VirtualKey.objects.filter(revoked_at=None).count()
    return [
        _step("Add a provider's key", "providers_credential_add", real, "credential"),
        _step("Map its models", "providers_modelmap_add", maps, "model map"),
        _step("Give a program a key", "teams_virtualkey_add", keys, "API key"),
    ]


def _step(title: str, page: str, count: int, noun: str) -> dict[str, Any]:
    plural = "" if count == 1 else "s"
    return {
        "title": title,
        "url": reverse(f"admin:{page}"),
        "done": count > 0,
        "state": f"{count} {noun}{plural}" if count else "none yet",
    }


class HubAdminConfig(AdminConfig):
    default_site = "llmhub.branding.HubAdminSite"
