"""Tells the API's own document how requests are authenticated."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base
    """The short-lived access token, as a bearer token (RFC 6750)."""

    target_class = "apps.users.authentication.AccessTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A security scheme object of OpenAPI."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
