"""Django's registration of the subscriptions at providers: public rows, beside the tenants' own of `providers`."""

from django.apps import AppConfig


class PushConfig(AppConfig):
    """Subscriptions at providers."""

    name = "apps.providers.push"
    label = "push"

    def ready(self) -> None:
        """Follow the life of accounts."""
        from apps.providers import signals

        from . import upkeep

        signals.account_connected.connect(upkeep.begin, dispatch_uid="push.begin")
        signals.account_reconnected.connect(upkeep.begin, dispatch_uid="push.wake")
        signals.account_disconnected.connect(upkeep.stop, dispatch_uid="push.stop")
