"""Django's registration of providers."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    """The providers application."""

    name = "apps.providers"
    label = "providers"

    def ready(self) -> None:
        """Answer the gateway's question whose events a person may see; carry its push messages."""
        from apps.realtime import visibility
        from apps.realtime.push import carrier

        from . import posting
        from .access import people_who_see, visible_account_ids

        visibility.register(visible_account_ids)
        visibility.register_people(people_who_see)
        carrier.register(posting.post)
