"""Prompt rules in the admin, and the page that tries them out."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from llmhub.core.audited import AuditedAdmin
from llmhub.prompt_rules import snapshot
from llmhub.prompt_rules.applying import Request, apply
from llmhub.prompt_rules.forms import NEEDED, PromptRuleForm, TryForm
from llmhub.prompt_rules.models import Action, PromptRule


@admin.register(PromptRule)
class PromptRuleAdmin(AuditedAdmin):
    form = PromptRuleForm
    list_display = ("name", "position", "team_shown", "condition", "action_shown", "enabled")
    list_editable = ("position", "enabled")
    list_filter = ("enabled", "action", "team")
    list_select_related = ("team",)
    search_fields = ("name", "pattern", "text")
    fieldsets = (
        (None, {"fields": ("name", ("position", "enabled"), "team")}),
        ("If", {"fields": ("match", "where", "pattern")}),
        ("Then", {"fields": ("action", "model", "text", "results", "masks")}),
    )

    class Media:
        js = ("js/admin/prompt_rule.js",)

    @admin.display(description="For", ordering="team__name")
    def team_shown(self, rule: PromptRule) -> str:
        return rule.team.name if rule.team else "everybody"

    @admin.display(description="If")
    def condition(self, rule: PromptRule) -> str:
        words = ", ".join(rule.pattern.split("\n"))
        shown = words if len(words) <= 60 else f"{words[:59]}…"
        return f"{rule.get_match_display()}{f': {shown}' if rule.match != 'always' else ''}"

    @admin.display(description="Then", ordering="action")
    def action_shown(self, rule: PromptRule) -> str:
        what = f": {rule.model}" if rule.action == Action.ROUTE else ""
        return f"{rule.get_action_display()}{what}"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kw: Any) -> Any:
        field = context["adminform"].form.fields.get("action")
        if field is not None:
            needed = {str(action): names for action, names in NEEDED.items()}
            field.widget.attrs["data-needed"] = json.dumps(needed)
        return super().render_change_form(request, context, *args, **kw)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("try/", wrap(self.try_view), name="prompt_rules_promptrule_try"),
            *super().get_urls(),
        ]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """The page "Try it": which rules act on a prompt, and what becomes of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = TryForm(request.POST or None)
        outcome = _outcome(form.cleaned_data) if form.is_bound and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Try the rules",
            "form": form,
            "outcome": outcome,
        }
        return TemplateResponse(request, "admin/prompt_rules/promptrule/try.html", context)


def _outcome(asked: dict[str, Any]) -> dict[str, Any]:
    """What the rules that are switched on make of a prompt."""
    messages = [{"role": "user", "content": asked["prompt"]}]
    if asked["system"].strip():
        messages.insert(0, {"role": "system", "content": asked["system"]})
    rows = PromptRule.objects.filter(enabled=True)
    team = asked["team"]
    rows = rows.filter(team=None) | (rows.filter(team=team) if team else rows.none())
    rules = [rule for row in rows if (rule := snapshot.compiled(row)) is not None]
    done = apply(rules, Request({"messages": messages}))
    return {
        "rules": len(rules),
        "done": done,
        "messages": done.body["messages"],
        "changed": done.body["messages"] != messages,
    }
