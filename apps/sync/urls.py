"""Addresses of the engine, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("sync/status", api.StatusView.as_view()),
    path("accounts/<uuid:account_id>/sync", api.SyncNowView.as_view()),
    path("admin/sync-status", api.AdminStatusView.as_view()),
    path("admin/restart-sync", api.AdminRestartView.as_view()),
    path("admin/sync-state/<uuid:account_id>", api.AdminStateView.as_view()),
]
