"""Addresses of the usage page and the call explorer."""

from django.urls import path

from llmhub.usage import call_views, views

urlpatterns = [
    path("usage/", views.usage_page, name="usage"),
    path("usage/report/", views.usage_report, name="usage-report"),
    path("usage/data/", views.usage_data, name="usage-data"),
    path("calls/", call_views.calls_page, name="calls"),
    path("calls/tail/", call_views.calls_tail, name="calls-tail"),
    path("calls/export/", call_views.calls_export, name="calls-export"),
    path("calls/<uuid:pk>/", call_views.call_page, name="call"),
    path("calls/<uuid:pk>/<str:part>.txt", call_views.call_body, name="call-body"),
]
