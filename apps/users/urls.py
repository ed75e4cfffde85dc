"""Addresses of signing in and of one's own account, below /api/v1/."""

from django.urls import path

from . import api, openapi

# Whoever knows the addresses can document them.
assert openapi

urlpatterns = [
    path("auth/login", api.LoginView.as_view()),
    path("auth/code", api.CodeView.as_view()),
    path("auth/code/verify", api.CodeVerifyView.as_view()),
    path("auth/refresh", api.RefreshView.as_view()),
    path("auth/logout", api.LogoutView.as_view()),
    path("auth/reset", api.ResetView.as_view()),
    path("auth/reset/confirm", api.ResetConfirmView.as_view()),
    path("auth/switch", api.SwitchView.as_view()),
    path("auth/password", api.PasswordView.as_view()),
    path("auth/sessions", api.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", api.SessionView.as_view()),
    path("me", api.MeView.as_view()),
]
