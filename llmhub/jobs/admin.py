"""Jobs in the admin: to see how far they are, and to cancel one."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmhub.core import audit
from llmhub.jobs.actions import cancel
from llmhub.jobs.models import Job

TONES = {"done": "ok", "failed": "failed", "cancelled": "unsure", "cancelling": "unsure"}


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "shown", "team", "kind", "state", "progress", "cost_shown", "created_at", "ended_at",
    )  # fmt: skip
    list_filter = ("status", "kind", "team")
    list_select_related = ("team",)
    search_fields = ("title", "team__name")
    date_hierarchy = "created_at"
    actions = ("cancel_selected",)
    fieldsets = (
        (None, {"fields": ("title", "team", "kind", ("state", "progress"), "error")}),
        ("Who pays", {"fields": ("key", "user", "cost_shown")}),
        ("When", {"fields": ("created_at", "started_at", "ended_at", "queued_at")}),
        ("How", {"fields": ("concurrency", "process_id")}),
    )

    @admin.display(description="Job")
    def shown(self, job: Job) -> str:
        return str(job)

    @admin.display(description="Status", ordering="status")
    def state(self, job: Job) -> SafeString:
        tone = TONES.get(job.status, "unsure")
        return format_html('<span class="hub-outcome hub-outcome--{}">{}</span>', tone, job.status)

    @admin.display(description="Progress")
    def progress(self, job: Job) -> str:
        failed = f", {job.failed:,} failed" if job.failed else ""
        return f"{job.done + job.failed:,} of {job.total:,}{failed}"

    @admin.display(description="Cost", ordering="cost")
    def cost_shown(self, job: Job) -> str:
        return f"${job.cost:.4f}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing of a job can be edited; cancelling is an action of those who may change it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """For the action below."""
        return request.user.has_perm("jobs.change_job")

    @admin.action(description="Cancel selected jobs", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        under_way = [job for job in chosen if not job.has_ended]
        for job in under_way:
            cancel(job)
            audit.record("cancel", job, actor=request.user)
        text = f"{len(under_way)} are being cancelled." if under_way else "All of them have ended."
        self.message_user(request, text, messages.SUCCESS if under_way else messages.INFO)
