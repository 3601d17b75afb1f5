"""Addresses of the playground's pages."""

from django.urls import path

from playground import views

urlpatterns = [
    path("", views.compare, name="compare"),
    path("c/<uuid:comparison_id>/", views.compare, name="comparison"),
    path("c/<uuid:comparison_id>/rename/", views.rename, name="comparison-rename"),
    path("c/<uuid:comparison_id>/delete/", views.delete, name="comparison-delete"),
    path("c/<uuid:comparison_id>/restore/", views.restore, name="comparison-restore"),
    path("c/<uuid:comparison_id>/export/", views.export, name="comparison-export"),
    path("history/", views.history, name="history"),
    path("team/", views.switch_team, name="switch-team"),
]
