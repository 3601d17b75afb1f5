"""The audit trail in the admin: to read, never to change."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmhub.core.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("created_at", "actor_label", "action", "object_type", "object_label", "summary")
    list_filter = ("action", "object_type", ("actor", admin.RelatedOnlyFieldListFilter))
    search_fields = ("actor_label", "object_label", "action")
    date_hierarchy = "created_at"
    list_per_page = 50
    fields = (
        "created_at",
        "actor_label",
        "action",
        "object_type",
        "object_label",
        "object_id",
        "details",
    )
    readonly_fields = fields

    @admin.display(description="Changed")
    def summary(self, entry: AuditEntry) -> str:
        """The names of the fields at a glance."""
        return ", ".join(entry.changes) or "–"

    @admin.display(description="Changes")
    def details(self, entry: AuditEntry) -> SafeString | str:
        """Every change as text; secrets were never written down."""
        if not entry.changes:
            return "–"
        text = json.dumps(entry.changes, indent=2, ensure_ascii=False)
        return format_html('<pre class="hub-json">{}</pre>', text)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
