"""Addresses of the playground's pages."""

from django.urls import include, path

from playground import attachment_views, preset_views, share_views, views
from playground.ratings.views import ratings_export, ratings_page, ratings_report

urlpatterns = [
    path("", views.compare, name="compare"),
    path("c/<uuid:comparison_id>/", views.compare, name="comparison"),
    path("c/<uuid:comparison_id>/rename/", views.rename, name="comparison-rename"),
    path("c/<uuid:comparison_id>/delete/", views.delete, name="comparison-delete"),
    path("c/<uuid:comparison_id>/restore/", views.restore, name="comparison-restore"),
    path("c/<uuid:comparison_id>/export/", views.export, name="comparison-export"),
    path("c/<uuid:comparison_id>/links/", share_views.links, name="share-links"),
    path(
        "c/<uuid:comparison_id>/links/<int:link_id>/revoke/",
        share_views.revoke,
        name="share-link-revoke",
    ),
    path("s/<str:token>/", share_views.shared, name="shared"),
    path(
        "s/<str:token>/files/<uuid:attachment_id>/",
        share_views.shared_attachment,
        name="shared-attachment",
    ),
    path("attachments/", attachment_views.upload, name="attachments"),
    path("attachments/<uuid:attachment_id>/", attachment_views.show, name="attachment"),
    path("presets/", preset_views.listed, name="presets"),
    path("presets/<int:preset_id>/rename/", preset_views.rename, name="preset-rename"),
    path("presets/<int:preset_id>/delete/", preset_views.delete, name="preset-delete"),
    path("history/", views.history, name="history"),
    path("ratings/", ratings_page, name="ratings"),
    path("ratings/report/", ratings_report, name="ratings-report"),
    path("ratings/export/", ratings_export, name="ratings-export"),
    path("", include("playground.replays.urls")),
    path("", include("playground.suites.urls")),
]
