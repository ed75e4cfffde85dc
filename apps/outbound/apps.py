"""Django's registration of outbound."""

from django.apps import AppConfig


class OutboundConfig(AppConfig):
    """The outbound application."""

    name = "apps.outbound"
    label = "outbound"

    def ready(self) -> None:
        """Follow the life of accounts: what waited for a reconnect goes on."""
        from apps.providers import signals

        from . import accounts

        signals.account_connected.connect(accounts.wake, dispatch_uid="outbound.begin")
        signals.account_reconnected.connect(accounts.wake, dispatch_uid="outbound.wake")
