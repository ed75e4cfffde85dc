"""Addresses of invitations."""

from django.urls import path

from . import api

urlpatterns = [
    path("messages/<uuid:message_id>/invitation", api.InvitationView.as_view()),
]
