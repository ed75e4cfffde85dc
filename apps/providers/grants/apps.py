"""Django's registration of the holders of consents: public rows, beside the tenants' own of `providers`."""

from django.apps import AppConfig


class GrantsConfig(AppConfig):
    """Holders of consents."""

    name = "apps.providers.grants"
    label = "grants"
