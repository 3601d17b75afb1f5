"""Credentials in the admin: keys go in and never come out, connections are tried with a click."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from llmhub.core.audited import AuditedAdmin
from providers import checks, endpoints
from providers.admin import discovery
from providers.forms import CredentialForm, kind_note
from providers.models import Credential

LEVELS = {"ok": messages.SUCCESS, "failed": messages.ERROR, "unsure": messages.WARNING}
SECRETS = frozenset({"api_key", "clear_api_key", "extra_headers"})


@admin.register(Credential)
class CredentialAdmin(AuditedAdmin):
    form = CredentialForm
    secret_fields = SECRETS
    list_display = (
        "name",
        "kind_label",
        "key_shown",
        "address",
        "deployment_count",
        "last_test",
        "enabled",
    )
    list_editable = ("enabled",)
    list_filter = ("enabled", "kind")
    search_fields = ("name", "kind", "base_url")
    actions = ("test_selected", "discover_selected")
    readonly_fields = ("kind_help", "key_shown")
    fieldsets = (
        (None, {"fields": ("name", "kind", "kind_help", "enabled")}),
        ("Key", {"fields": ("key_shown", "api_key", "clear_api_key")}),
        ("Address", {"fields": ("base_url", "organization", "extra_headers", "options")}),
        (
            "Limits",
            {"fields": (("timeout_seconds", "max_retries", "max_concurrent_requests"),)},
        ),
    )

    class Media:
        js = ("js/admin/credential.js",)

    # --- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        rows: QuerySet[Credential] = super().get_queryset(request)
        rows = rows.select_related("last_check")
        return rows.annotate(deployment_total=Count("deployments"))

    @admin.display(description="Kind", ordering="kind")
    def kind_label(self, credential: Credential) -> str:
        return credential.provider.label

    @admin.display(description="Stored key")
    def key_shown(self, credential: Credential) -> SafeString | str:
        """The last four characters and the fingerprint, which are no secrets."""
        if not credential.key_fingerprint:
            return "none"
        return format_html(
            '<span class="hub-key">••••{}</span> <span class="hub-quiet">{}</span>',
            credential.key_last4,
            credential.key_fingerprint,
        )

    @admin.display(description="Base URL", ordering="base_url")
    def address(self, credential: Credential) -> SafeString | str:
        if credential.base_url:
            return credential.base_url
        known = endpoints.default_base_url(credential.provider)
        return format_html('<span class="hub-quiet">{}</span>', known or "–")

    @admin.display(description="Deployments", ordering="deployment_total")
    def deployment_count(self, credential: Any) -> SafeString | str:
        if not credential.deployment_total:
            return "0"
        url = reverse("admin:providers_modelmap_changelist")
        return format_html(
            '<a href="{}?deployments__credential__id__exact={}">{}</a>',
            url,
            credential.pk,
            credential.deployment_total,
        )

    @admin.display(description="Last test")
    def last_test(self, credential: Credential) -> SafeString | str:
        return discovery.last_test_text(credential)

    # --- the page of one ------------------------------------------------------------------------

    @admin.display(description="What it needs")
    def kind_help(self, credential: Credential) -> SafeString:
        """Filled in by the page's script when another kind is chosen."""
        note = kind_note(credential.provider) if credential.kind else "Choose a kind first."
        return format_html('<span id="kind-help">{}</span>', note)

    def get_fieldsets(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        """All fields for those who may change them, else none that holds a secret."""
        may_edit = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        hidden: set[str] = set() if may_edit else {*SECRETS}
        if obj is None:
            hidden |= {"clear_api_key", "key_shown"}
        elif not obj.api_key:
            hidden.add("clear_api_key")
        return [
            (title, {**options, "fields": _without(options["fields"], hidden)})
            for title, options in self.fieldsets
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        # After the transaction: a test may take seconds, and others wait to write meanwhile.
        if "_test" in request.POST and isinstance(response, HttpResponseRedirect):
            saved = Credential.objects.get(name=request.POST["name"].strip())
            self._test(request, [saved])
            return HttpResponseRedirect(self._page_of(saved))
        return response

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/test/", wrap(self.test_view), name="providers_credential_test"),
            path(
                "<int:pk>/discover/", wrap(self.discover_view), name="providers_credential_discover"
            ),
            path("map-models/", wrap(self.map_view), name="providers_credential_map"),
            *super().get_urls(),
        ]

    # --- trying it out --------------------------------------------------------------------------

    @method_decorator(require_POST)
    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The button "Test connection"."""
        credential = self._allowed(request, pk)
        self._test(request, [credential])
        return HttpResponseRedirect(self._page_of(credential))

    @method_decorator(require_POST)
    def discover_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The button "Discover models"."""
        credential = self._allowed(request, pk)
        page = discovery.page(self, request, [credential])
        return page or HttpResponseRedirect(self._page_of(credential))

    @method_decorator(require_POST)
    def map_view(self, request: HttpRequest) -> HttpResponse:
        """The button of the page that "Discover models" shows."""
        discovery.map_chosen(self, request)
        return HttpResponseRedirect(reverse("admin:providers_modelmap_changelist"))

    @admin.action(description="Test connection", permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[Credential]) -> None:
        self._test(request, list(queryset))

    @admin.action(description="Discover models", permissions=["change"])
    def discover_selected(
        self, request: HttpRequest, queryset: QuerySet[Credential]
    ) -> HttpResponse | None:
        return discovery.page(self, request, list(queryset))

    def _test(self, request: HttpRequest, credentials: list[Credential]) -> None:
        reports = async_to_sync(checks.run)(credentials)
        for credential, report in zip(credentials, reports, strict=True):
            checks.keep(credential, report)
            self.write_audit(
                request,
                "test_connection",
                credential,
                changes={"outcome": report.outcome, "error": report.error_type},
            )
            self.message_user(request, report.message, LEVELS[report.outcome])

    def _allowed(self, request: HttpRequest, pk: int) -> Credential:
        credential = get_object_or_404(Credential, pk=pk)
        if not self.has_change_permission(request, credential):
            raise PermissionDenied
        return credential

    def _page_of(self, credential: Credential) -> str:
        return reverse("admin:providers_credential_change", args=[credential.pk])


def _without(fields: Any, hidden: set[str]) -> tuple[Any, ...]:
    return tuple(field for field in fields if field not in hidden)
