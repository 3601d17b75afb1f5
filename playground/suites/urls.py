"""Addresses of suites and their runs."""

from django.urls import path

from playground.suites import run_views, views

urlpatterns = [
    path("suites/", views.suites_page, name="suites"),
    path("suites/new/", views.create, name="suites-new"),
    path("suites/<uuid:suite_id>/", views.suite_page, name="suite"),
    path("suites/<uuid:suite_id>/change/", views.change, name="suite-change"),
    path("suites/<uuid:suite_id>/delete/", views.delete, name="suite-delete"),
    path("suites/<uuid:suite_id>/run/", views.start, name="suite-start"),
    path("suites/<uuid:suite_id>/import/", views.import_page, name="suite-import"),
    path("suites/<uuid:suite_id>/rows.csv", views.export_rows, name="suite-export"),
    path("suites/<uuid:suite_id>/models/<str:column_id>/", views.column_page, name="suite-column"),
    path(
        "suites/<uuid:suite_id>/models/<str:column_id>/remove/",
        views.remove_column,
        name="suite-column-remove",
    ),
    path("suites/<uuid:suite_id>/assertions/", views.add_assertion, name="suite-assertions"),
    path(
        "suites/<uuid:suite_id>/assertions/<int:place>/remove/",
        views.remove_assertion,
        name="suite-assertion-remove",
    ),
    path("suites/<uuid:suite_id>/rows/", views.row_page, name="suite-row-new"),
    path("suites/<uuid:suite_id>/rows/<uuid:row_id>/", views.row_page, name="suite-row"),
    path(
        "suites/<uuid:suite_id>/rows/<uuid:row_id>/remove/",
        views.remove_row,
        name="suite-row-remove",
    ),
    path(
        "suites/<uuid:suite_id>/rows/<uuid:row_id>/assertions/",
        views.add_assertion,
        name="suite-row-assertions",
    ),
    path(
        "suites/<uuid:suite_id>/rows/<uuid:row_id>/assertions/<int:place>/remove/",
        views.remove_assertion,
        name="suite-row-assertion-remove",
    ),
    path("suites/runs/<uuid:run_id>/", run_views.run_page, name="suite-run"),
    path("suites/runs/<uuid:run_id>/progress/", run_views.progress, name="suite-run-progress"),
    path("suites/runs/<uuid:run_id>/cancel/", run_views.cancel, name="suite-run-cancel"),
    path("suites/runs/<uuid:run_id>/rerun/", run_views.rerun, name="suite-run-rerun"),
    path("suites/runs/<uuid:run_id>/export/", run_views.export, name="suite-run-export"),
    path("suites/runs/<uuid:run_id>/cells/<int:position>/", run_views.cell, name="suite-run-cell"),
]
