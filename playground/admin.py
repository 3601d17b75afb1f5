"""Share links and presets in the admin: to look at, to take back, to delete."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmhub.core.audited import AuditedAdmin
from playground import sharing
from playground.models import Preset, ShareLink


@admin.register(ShareLink)
class ShareLinkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is shown to others. The address itself is its people's, so it is not told here."""

    list_display = ("comparison", "team", "audience", "state", "created_by", "created_at")
    list_filter = (
        "audience",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("comparison__team", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("comparison__team", "created_by")
    search_fields = ("comparison__name", "created_by__email")
    date_hierarchy = "created_at"
    actions = ("revoke_selected",)
    fields = (
        "comparison", "team", "audience", "shows_cost", "state", "created_by", "created_at",
        "revoked_at",
    )  # fmt: skip

    @admin.display(description="Team", ordering="comparison__team__name")
    def team(self, link: ShareLink) -> str:
        return link.comparison.team.name

    @admin.display(description="State", ordering="revoked_at")
    def state(self, link: ShareLink) -> SafeString:
        tone, said = ("failed", "revoked") if link.revoked_at else ("ok", "active")
        return format_html('<span class="hub-outcome hub-outcome--{}">{}</span>', tone, said)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """For the action below."""
        return request.user.has_perm("playground.change_sharelink")

    @admin.action(description="Revoke selected links", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[ShareLink]) -> None:
        for link in chosen.select_related("comparison"):
            sharing.revoke(link.comparison, link.pk, request.user)
        self.message_user(request, "They show nothing from now on.", messages.SUCCESS)


@admin.register(Preset)
class PresetAdmin(AuditedAdmin):
    """Named sets of columns; people make and rename theirs in the playground."""

    list_display = ("name", "team", "owner", "shared", "models_shown", "updated_at")
    list_filter = ("shared", "team")
    list_select_related = ("team", "owner")
    search_fields = ("name", "owner__email")
    fields = ("name", "team", "owner", "shared", "models_shown", "updated_at")

    @admin.display(description="Models")
    def models_shown(self, preset: Preset) -> str:
        return ", ".join(column["model"] for column in preset.columns) or "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
