"""Django's registration of providers."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """The providers application."""

    name = "apps.providers"
    label = "providers"

    def ready(self) -> None:
        """Answer the gateway's question whose events a person may see."""
        from apps.realtime import visibility

        from .access import visible_account_ids

        visibility.register(visible_account_ids)
