"""Addresses of the pages. The wires are answered in asgi.py, before Django."""

from django.contrib import admin
from django.urls import include, path

from llmhub.gateway.forgetting import forget_answers
from llmhub.usage import provider_health

handler403 = "llmhub.teams.pages.answers.forbidden"

urlpatterns = [
    path(
        "admin/providers/health/",
        admin.site.admin_view(provider_health.page),
        name="provider_health",
    ),
    path(
        "admin/providers/kept-answers/forget/",
        admin.site.admin_view(forget_answers),
        name="forget_answers",
    ),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("llmhub.usage.urls")),
    path("", include("llmhub.teams.urls")),
    path("", include("llmhub.api.management.urls")),
    path("", include("playground.urls")),
]
