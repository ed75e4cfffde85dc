"""Django's registration of core."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Core has no models."""

    name = "apps.core"
    label = "core"
