"""Addresses of replays."""

from django.urls import path

from playground.replays import ballot_views, report_views, views

urlpatterns = [
    path("replays/", views.replays_page, name="replays"),
    path("replays/new/", views.new_page, name="replays-new"),
    path("replays/estimate/", views.estimate_part, name="replays-estimate"),
    path("replays/<uuid:replay_id>/", report_views.replay_page, name="replay"),
    path("replays/<uuid:replay_id>/progress/", report_views.progress, name="replay-progress"),
    path("replays/<uuid:replay_id>/cancel/", report_views.cancel, name="replay-cancel"),
    path("replays/<uuid:replay_id>/rerun/", report_views.rerun, name="replay-rerun"),
    path("replays/<uuid:replay_id>/delete/", report_views.delete, name="replay-delete"),
    path("replays/<uuid:replay_id>/export/", report_views.export, name="replay-export"),
    path("replays/<uuid:replay_id>/vote/", ballot_views.ballot_page, name="replay-vote"),
    path("replays/<uuid:replay_id>/calls/<int:position>/", report_views.call, name="replay-call"),
]
