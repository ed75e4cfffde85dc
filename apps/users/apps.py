"""Django's registration of users."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The users application."""

    name = "apps.users"
    label = "users"
    verbose_name = "People"
