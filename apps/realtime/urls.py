"""Addresses of Web Push, below /api/v1/."""

from django.urls import path

from .push import api

urlpatterns = [
    path("push", api.PushView.as_view()),
    path("push/subscriptions", api.SubscriptionsView.as_view()),
]
