"""Django's registration of tenants."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The tenants application."""

    name = "apps.tenants"
    label = "tenants"
    verbose_name = "Companies"
