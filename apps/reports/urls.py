"""Addresses of reports and alerts, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("reports", api.ReportsView.as_view()),
    path("reports/now", api.ReportNowView.as_view()),
    path("reports/settings", api.WishesView.as_view()),
    path("reports/<str:day>", api.ReportView.as_view()),
    path("alerts", api.AlertsView.as_view()),
]
