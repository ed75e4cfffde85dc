"""Addresses of the chat, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("chat", api.ChatView.as_view()),
    path("chat/<uuid:chat_id>", api.SessionView.as_view()),
    path("chat/<uuid:chat_id>/stop", api.StopView.as_view()),
]
