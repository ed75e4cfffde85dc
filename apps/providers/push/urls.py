"""Addresses of the webhooks, below /api/v1/ and, as they are registered with providers, below /api/."""

from django.urls import path

from apps.providers import clouds

from . import api

urlpatterns = [path(f"webhooks/{name}", api.WebhookView.as_view(hook=name)) for name in clouds.hooks()]
