"""Addresses of accounts, below /api/v1/."""

from django.urls import path

from . import api, consent_api
from .companies import api as companies

urlpatterns = [
    path("accounts", api.AccountsView.as_view()),
    path("accounts/discover", api.DiscoverView.as_view()),
    path("accounts/providers", consent_api.ProvidersView.as_view()),
    path("accounts/consent", consent_api.ConsentView.as_view()),
    path("company/connections", companies.ConnectionsView.as_view()),
    path("company/connections/<uuid:connection_id>", companies.ConnectionView.as_view()),
    path("company/connections/<uuid:connection_id>/key", companies.KeyView.as_view()),
    path("company/connections/<uuid:connection_id>/read", companies.ReadView.as_view()),
    path("company/connections/<uuid:connection_id>/people", companies.PeopleView.as_view()),
    path("company/connections/<uuid:connection_id>/people/let-go", companies.LetGoView.as_view()),
    path("accounts/<uuid:account_id>", api.AccountView.as_view()),
    path("accounts/<uuid:account_id>/reconnect", api.ReconnectView.as_view()),
    path("accounts/<uuid:account_id>/access", api.AccessListView.as_view()),
    path("accounts/<uuid:account_id>/access/<uuid:user_id>", api.AccessView.as_view()),
]
