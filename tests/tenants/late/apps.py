"""Registration of the late application."""

from django.apps import AppConfig


class LateConfig(AppConfig):
    """Has no models: its migrations speak SQL."""

    name = "tests.tenants.late"
    label = "late"
