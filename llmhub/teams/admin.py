"""Teams, their people and their keys in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from llmhub.core.audited import AuditedAdmin
from llmhub.teams import keys, tokens
from llmhub.teams.forms import PersonForm, VirtualKeyForm
from llmhub.teams.models import AccessToken, Budget, Membership, Team, VirtualKey

User = get_user_model()
TONES = {"active": "ok", "revoked": "failed", "expired": "unsure", "disabled": "unsure"}


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    inlines = (MembershipInline,)
    list_display = ("name", "people", "active_keys", "body_policy", "retention_days", "enabled")
    list_editable = ("enabled",)
    list_filter = ("enabled", "body_policy")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "enabled")}),
        ("Limits", {"fields": (("rpm", "tpm", "max_parallel"),)}),
        ("What is kept of calls", {"fields": ("body_policy", "retention_days")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        rows: QuerySet[Team] = super().get_queryset(request)
        return rows.annotate(
            people_total=Count("memberships", distinct=True),
            key_total=Count("keys", filter=Q(keys__revoked_at=None), distinct=True),
        )

    @admin.display(description="People", ordering="people_total")
    def people(self, team: Any) -> int:
        total: int = team.people_total
        return total

    @admin.display(description="Keys", ordering="key_total")
    def active_keys(self, team: Any) -> SafeString:
        url = reverse("admin:teams_virtualkey_changelist")
        return format_html('<a href="{}?team__id__exact={}">{}</a>', url, team.pk, team.key_total)


@admin.register(VirtualKey)
class VirtualKeyAdmin(AuditedAdmin):
    form = VirtualKeyForm
    list_display = ("name", "team", "prefix_shown", "state_shown", "expires_at", "last_used_at")
    list_filter = ("team", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix")
    list_select_related = ("team",)
    actions = ("revoke_selected",)
    readonly_fields = ("prefix_shown", "state_shown", "created_by", "created_at", "last_used_at")
    fieldsets = (
        (None, {"fields": ("team", "name", "models_allowed", "tags", "expires_at")}),
        (
            "State",
            {
                "fields": (
                    "prefix_shown",
                    "state_shown",
                    ("created_by", "created_at", "last_used_at"),
                )
            },
        ),
    )

    @admin.display(description="Key")
    def prefix_shown(self, key: VirtualKey) -> SafeString:
        return format_html('<span class="hub-key">{}…</span>', key.prefix)

    @admin.display(description="State")
    def state_shown(self, key: VirtualKey) -> SafeString:
        tone = TONES[key.state]
        return format_html('<span class="hub-outcome hub-outcome--{}">{}</span>', tone, key.state)

    def get_fieldsets(self, request: HttpRequest, obj: VirtualKey | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:1]

    def get_readonly_fields(self, request: HttpRequest, obj: VirtualKey | None = None) -> Any:
        return (*self.readonly_fields, "team") if obj else self.readonly_fields

    # --- making one -------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: VirtualKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, text = keys.create_key(
            team=obj.team,
            name=obj.name,
            models_allowed=obj.models_allowed,
            tags=obj.tags,
            expires_at=obj.expires_at,
            acting_user=request.user,
        )
        obj.__dict__.update(made.__dict__)
        request.META["hub.new_key"] = text

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if change:  # the creation is in the trail already
            super().save_related(request, form, formsets, change)

    def response_add(
        self, request: HttpRequest, obj: VirtualKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The page that shows the key, this once. It is in no message, session or cache."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key made",
            "opts": self.opts,
            "key": obj,
            "text": request.META.pop("hub.new_key"),
        }
        page = TemplateResponse(request, "admin/teams/virtualkey/created.html", context)
        page["Cache-Control"] = "no-store"
        return page

    # --- revoking ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [
            path("<int:pk>/revoke/", view, name="teams_virtualkey_revoke"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The button "Revoke" on the page of a key."""
        key = get_object_or_404(VirtualKey, pk=pk)
        if not self.has_change_permission(request, key):
            raise PermissionDenied
        self._revoke(request, VirtualKey.objects.filter(pk=key.pk))
        return HttpResponseRedirect(reverse("admin:teams_virtualkey_change", args=[pk]))

    @admin.action(description="Revoke", permissions=["change"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[VirtualKey]) -> None:
        self._revoke(request, queryset)

    def _revoke(self, request: HttpRequest, queryset: QuerySet[VirtualKey]) -> None:
        for key in queryset:
            keys.revoke_key(key, acting_user=request.user)
            text = f"{key} is revoked: it is refused from now on."
            self.message_user(request, text, messages.SUCCESS)


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Django's own page for people, with the e-mail that they sign in by from the start."""

    secret_fields = frozenset({"password", "password1", "password2", "usable_password"})
    add_form = PersonForm
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "email", "usable_password", "password1", "password2"),
            },
        ),
    )
    list_display = ("email", "username", "is_staff", "is_superuser", "is_active", "last_login")


@admin.register(Budget)
class BudgetAdmin(AuditedAdmin):
    """What a key, a team, a person or a model may spend; exactly one of them each."""

    list_display = ("owner", "amount", "window", "spent_now", "soft_limit_percent", "enabled")
    list_filter = ("window", "enabled")
    list_select_related = ("key", "team", "user", "model_map")
    autocomplete_fields = ("key", "team", "user", "model_map")
    fieldsets = (
        ("Whose it is: fill in one", {"fields": ("team", "key", "user", "model_map")}),
        ("What may be spent", {"fields": ("amount", "window", "soft_limit_percent", "enabled")}),
    )

    @admin.display(description="Owner")
    def owner(self, budget: Budget) -> str:
        return str(budget.key or budget.team or budget.user or budget.model_map)

    @admin.display(description="Spent in the newest window")
    def spent_now(self, budget: Budget) -> str:
        newest = budget.periods.first()
        return f"${newest.spent:.4f} since {newest.start}" if newest else "nothing yet"

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)


@admin.register(AccessToken)
class AccessTokenAdmin(AuditedAdmin):
    """What people's scripts send to the management API: to look at, and to revoke."""

    list_display = ("name", "user", "prefix", "state", "read_only", "expires_at", "last_used_at")
    list_filter = ("read_only", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__email")
    actions = ("revoke_selected",)
    exclude = ("token_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke selected access tokens", permissions=["delete"])
    def revoke_selected(self, request: HttpRequest, chosen: QuerySet[AccessToken]) -> None:
        for token in chosen:
            tokens.revoke_token(token, acting_user=request.user)
        messages.success(request, "They are refused from now on.")
