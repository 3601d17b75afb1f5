"""Addresses of the keys page."""

from django.urls import path

from llmhub.teams import views

urlpatterns = [
    path("keys/", views.keys_page, name="keys"),
    path("keys/create/", views.keys_create, name="keys-create"),
    path("keys/<int:pk>/revoke/", views.keys_revoke, name="keys-revoke"),
]
