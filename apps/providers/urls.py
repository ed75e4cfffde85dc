"""Addresses of accounts, below /api/v1/."""

from django.urls import path

from . import api, consent_api

urlpatterns = [
    path("accounts", api.AccountsView.as_view()),
    path("accounts/discover", api.DiscoverView.as_view()),
    path("accounts/providers", consent_api.ProvidersView.as_view()),
    path("accounts/consent", consent_api.ConsentView.as_view()),
    path("accounts/<uuid:account_id>", api.AccountView.as_view()),
    path("accounts/<uuid:account_id>/reconnect", api.ReconnectView.as_view()),
    path("accounts/<uuid:account_id>/access", api.AccessListView.as_view()),
    path("accounts/<uuid:account_id>/access/<uuid:user_id>", api.AccessView.as_view()),
]
