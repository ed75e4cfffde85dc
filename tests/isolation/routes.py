"""Every route of the product, taken from the URL resolver, so that a new one cannot be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter, UUIDConverter

from apps.users.pages import MemberPage, PlainPage
from apps.users.tenancy import PersonAPIView, PublicAPIView, TenantAPIView

# Addresses that are no API of the product: the page itself, Django's admin, the API's own document.
OUTSIDE = ("admin/", "sw.js", "api/v1/schema")


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its pattern, its view's class (None for a plain function), its parameters."""

    pattern: str
    view: type | None
    parameters: tuple[str, ...]

    def address(self, values: dict[str, Any]) -> str:
        """The path with these values in it. Raises KeyError for a parameter nobody thought of."""
        path = self.pattern
        for name in self.parameters:
            path = path.replace(f"<uuid:{name}>", str(values[name])).replace(f"<str:{name}>", str(values[name]))
        return f"/{path}"


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[Route]:
    for item in patterns:
        text = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from _walk(item.url_patterns, text)
        elif isinstance(item, URLPattern) and not text.startswith(OUTSIDE):
            converters = item.pattern.converters
            assert all(isinstance(kind, UUIDConverter | StringConverter) for kind in converters.values()), text
            yield Route(text, getattr(item.callback, "view_class", None), tuple(converters))


def every_route() -> list[Route]:
    """All routes but those that are outside the product's API."""
    return list(_walk(get_resolver().url_patterns))


def tenant_routes() -> list[Route]:
    """Those that read a tenant's rows."""
    return [route for route in every_route() if route.view and issubclass(route.view, TenantAPIView)]


def page_routes() -> list[Route]:
    """The server's own pages that read a tenant's rows."""
    return [route for route in every_route() if route.view and issubclass(route.view, MemberPage)]


KNOWN_BASES = (TenantAPIView, PersonAPIView, PublicAPIView, PlainPage)
