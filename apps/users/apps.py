"""Django's registration of users."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The users application."""

    name = "apps.users"
    label = "users"
    verbose_name = "People"

    def ready(self) -> None:
        """Make the way of authentication known to the API's document."""
        from . import openapi

        assert openapi
