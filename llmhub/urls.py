"""Addresses of the pages. The wires are answered in asgi.py, before Django."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("llmhub.usage.urls")),
    path("", include("llmhub.teams.urls")),
    path("", include("playground.urls")),
]
