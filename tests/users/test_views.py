"""Every view of the API says by its class whose request it serves."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from apps.users.authentication import AccessTokenAuthentication
from apps.users.tenancy import PersonAPIView, PublicAPIView, TenantAPIView


def views(resolver: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route and its view class, or None for a plain function."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, getattr(pattern.callback, "view_class", getattr(pattern.callback, "cls", None))


def api_views() -> dict[str, Any]:
    return {route: view for route, view in views(get_resolver()) if route.startswith("api/")}


def test_every_api_view_is_public_personal_or_of_a_tenant() -> None:
    others = {
        route: view
        for route, view in api_views().items()
        if view is None or not issubclass(view, PublicAPIView | TenantAPIView | SpectacularAPIView)
    }
    assert others == {}
    assert len(api_views()) > 12


def test_what_is_not_public_asks_who_it_is() -> None:
    for route, view in api_views().items():
        if issubclass(view, TenantAPIView | PersonAPIView):
            assert view.authentication_classes == [AccessTokenAuthentication], route
            assert AllowAny not in view.permission_classes, route


PUBLIC = {
    "api/v1/auth/login", "api/v1/auth/code", "api/v1/auth/code/verify", "api/v1/auth/refresh", "api/v1/auth/logout",
    "api/v1/auth/reset", "api/v1/auth/reset/confirm", "api/v1/files/<str:token>",
    # Of providers: they prove what they are, and only ring.
    "api/v1/webhooks/microsoft-graph", "api/v1/webhooks/gmail-pubsub", "api/v1/webhooks/google-calendar",
    "api/webhooks/microsoft-graph", "api/webhooks/gmail-pubsub", "api/webhooks/google-calendar",
}  # fmt: skip


def test_only_signing_in_and_signed_links_are_public() -> None:
    public = {
        route
        for route, view in api_views().items()
        if issubclass(view, PublicAPIView) and not issubclass(view, PersonAPIView)
    }
    assert public == PUBLIC
