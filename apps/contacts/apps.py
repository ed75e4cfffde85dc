"""Django's registration of contacts."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Contacts register themselves as a resource kind of the engine, and their commands."""

    name = "apps.contacts"
    label = "contacts"

    def ready(self) -> None:
        """Make the kind known, and its commands."""
        from apps.collections.commands import CollectionCommands
        from apps.outbound import registry as outbound
        from apps.sync import registry

        from .kind import KIND

        registry.register(KIND)
        outbound.register(CollectionCommands(KIND))
