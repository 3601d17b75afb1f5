"""Model maps in the admin: a public name and, on the same page, the deployments that answer it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from llmhub.core.audited import AuditedAdmin
from providers import mapping, price_table, prices
from providers.admin import discovery
from providers.admin.condition import condition
from providers.forms import DeploymentForm, DeploymentFormSet, ModelMapForm, placeholders
from providers.models import Credential, Deployment, ModelMap
from providers.price_text import both, described

SIMULATED_MODELS = ("sim-swift", "sim-sage", "sim-thinker", "sim-instant", "sim-embedding")


class DeploymentInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Deployment
    form = DeploymentForm
    formset = DeploymentFormSet
    extra = 0
    min_num = 0
    fieldsets = (
        (None, {"fields": (("credential", "upstream_model", "enabled"),)}),
        ("Share and limits", {"fields": (("priority", "weight", "rpm", "tpm"),)}),
        (
            "Price and abilities, where they differ from what is known",
            {
                "fields": (
                    (
                        "input_cost_per_1m",
                        "output_cost_per_1m",
                        "cached_input_cost_per_1m",
                        "context_window",
                    ),
                    "capabilities",
                ),
            },
        ),
    )


@admin.register(ModelMap)
class ModelMapAdmin(AuditedAdmin):
    form = ModelMapForm
    inlines = (DeploymentInline,)
    list_display = (
        "name",
        "strategy",
        "deployments_shown",
        "price_shown",
        "fallbacks_shown",
        "default_shown",
        "enabled",
    )
    list_editable = ("enabled",)
    list_filter = (
        "enabled",
        "strategy",
        ("deployments__credential", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("name", "description", "deployments__upstream_model")
    fieldsets = (
        (None, {"fields": ("name", "description", ("enabled", "is_default"))}),
        ("Which deployment answers", {"fields": ("strategy",)}),
        (
            "When it fails",
            {"fields": ("fallbacks", "context_fallbacks", "content_policy_fallbacks")},
        ),
        ("Parameters", {"fields": ("default_parameters",)}),
        (
            "Kept answers",
            {"fields": ("cache_ttl_seconds", ("cache_embedding_model", "cache_similarity"))},
        ),
    )

    class Media:
        js = ("js/admin/model_map.js",)

    # --- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelMap]:
        rows: QuerySet[ModelMap] = super().get_queryset(request)
        return rows.prefetch_related("deployments__credential")

    @admin.display(description="Deployments")
    def deployments_shown(self, model_map: ModelMap) -> SafeString | str:
        rows = list(model_map.deployments.all())
        if not rows:
            return format_html('<span class="hub-outcome hub-outcome--failed">{}</span>', "none")
        return format_html_join(
            "",
            '<div class="{}">{}{}</div>',
            ((_tone(row), row, condition(str(row))) for row in rows),
        )

    @admin.display(description="$ per 1M, in / out")
    def price_shown(self, model_map: ModelMap) -> SafeString:
        rows = model_map.deployments.all()
        return format_html_join(
            "", '<div class="{}">{}</div>', ((_tone(row), _price_of(row)) for row in rows)
        )

    @admin.display(description="Default", ordering="-is_default")
    def default_shown(self, model_map: ModelMap) -> SafeString | str:
        if not model_map.is_default:
            return "–"
        return format_html('<span class="hub-outcome hub-outcome--ok">{}</span>', "default")

    @admin.display(description="Fallbacks")
    def fallbacks_shown(self, model_map: ModelMap) -> str:
        return ", ".join(model_map.fallbacks) or "–"

    # --- the page of one ------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kw: Any) -> Any:
        context["model_names"] = ModelMap.objects.values_list("name", flat=True)
        context["model_lists"] = [
            (credential.pk, _models_of(credential)) for credential in Credential.objects.all()
        ]
        return super().render_change_form(request, context, *args, **kw)

    def save_model(self, request: HttpRequest, obj: ModelMap, form: Any, change: bool) -> None:
        if obj.is_default:
            before = mapping.make_way_for_default(obj)
            if before is not None:
                text = f"{obj} is the default model now, instead of {before}."
                self.message_user(request, text, messages.INFO)
        super().save_model(request, obj, form, change)
        if change and "name" in form.changed_data:
            self._follow_name(request, form.initial["name"], obj.name)

    def delete_model(self, request: HttpRequest, obj: ModelMap) -> None:
        super().delete_model(request, obj)
        self._follow_name(request, obj.name, None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelMap]) -> None:
        names = [obj.name for obj in queryset]
        super().delete_queryset(request, queryset)
        for name in names:
            self._follow_name(request, name, None)

    def _follow_name(self, request: HttpRequest, old: str, new: str | None) -> None:
        changed = mapping.rename_references(old, new)
        if changed:
            what = f"{new} instead of {old}" if new else f"no {old} any more"
            text = f"Fallbacks were changed too: {', '.join(changed)} name {what}."
            self.message_user(request, text, messages.INFO)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        model_map = form.instance
        answering = model_map.deployments.filter(enabled=True, credential__enabled=True)
        if model_map.enabled and not answering.exists():
            self.message_user(
                request,
                f"{model_map} has no deployment that is switched on, so calls to it will fail. "
                "Add one, or switch one on.",
                messages.WARNING,
            )

    # --- what is known of a model, for the page's script ------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.known_view)
        return [path("known/", view, name="providers_modelmap_known"), *super().get_urls()]

    def known_view(self, request: HttpRequest) -> JsonResponse:
        """Price, context window and capabilities of `?credential=1&model=name`."""
        pk = request.GET.get("credential", "")
        credential = Credential.objects.filter(pk=pk).first() if pk.isdigit() else None
        price = credential and prices.lookup(credential.provider, request.GET.get("model", ""))
        known = price or prices.UNKNOWN
        return JsonResponse(
            {"placeholders": placeholders(known), "capabilities": described(known.capabilities)}
        )


def _tone(deployment: Deployment) -> str:
    answers = deployment.enabled and deployment.credential.enabled
    return "hub-line" if answers else "hub-line hub-off"


def _price_of(deployment: Deployment) -> str:
    return both(prices.for_deployment(deployment))


def _models_of(credential: Credential) -> list[str]:
    kind = credential.provider
    if kind.simulated:
        return list(SIMULATED_MODELS)
    listed = discovery.suggestions(credential)
    return listed or (price_table.models_of(kind.litellm_provider) if kind.litellm_provider else [])
