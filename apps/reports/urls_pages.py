"""Addresses that letters lead to and that work without signing in, below the root."""

from django.urls import path

from . import stop_api

urlpatterns = [path("reports/stop/<str:token>", stop_api.StopView.as_view())]
