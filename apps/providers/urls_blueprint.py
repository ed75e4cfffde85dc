"""Addresses of accounts below the root: the blueprint's own, the same views as /api/v1/accounts (M019), and where
providers send people back to."""

from django.urls import path, re_path

from . import api, consent_api

urlpatterns = [
    path("providers/", api.AccountsView.as_view()),
    path("providers/discover", api.DiscoverView.as_view()),
    path("providers/<uuid:account_id>", api.AccountView.as_view()),
    path("providers/<uuid:account_id>/reconnect", api.ReconnectView.as_view()),
    path("providers/<uuid:account_id>/access", api.AccessListView.as_view()),
    path("providers/<uuid:account_id>/access/<uuid:user_id>", api.AccessView.as_view()),
    path("oauth/<str:provider>/callback", consent_api.CallbackView.as_view()),
    re_path(r"^(?:api/)?email-configs(?P<rest>/.*)?$", api.EmailConfigsGoneView.as_view()),
]
