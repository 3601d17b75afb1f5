"""Addresses of the pages. The wires are answered in asgi.py, before Django."""

from django.contrib import admin
from django.urls import include, path

from llmhub.usage import provider_health

urlpatterns = [
    path(
        "admin/providers/health/",
        admin.site.admin_view(provider_health.page),
        name="provider_health",
    ),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("llmhub.usage.urls")),
    path("", include("llmhub.teams.urls")),
    path("", include("llmhub.api.management.urls")),
    path("", include("playground.urls")),
]
