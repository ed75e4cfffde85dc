"""The blueprint's own addresses of the engine, below the root (M083, M084): aliases, and health."""

from django.urls import path

from . import api, health

urlpatterns = [
    path("email-sync/status", api.StatusView.as_view()),
    path("providers/<uuid:account_id>/sync", api.SyncNowView.as_view()),
    path("api/admin/sync-status", api.AdminStatusView.as_view()),
    path("api/admin/restart-sync", api.AdminRestartView.as_view()),
    path("api/admin/sync-state/<uuid:account_id>", api.AdminStateView.as_view()),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/queues", health.queues),
    path("health/metrics", health.metrics),
]
