"""Django's registration of calendars."""

from django.apps import AppConfig


class CalendarConfig(AppConfig):
    """Calendars register themselves as a resource kind of the engine, and their commands."""

    name = "apps.calendar"
    label = "calendar"

    def ready(self) -> None:
        """Make the kind known, and its commands."""
        from apps.collections.commands import CollectionCommands
        from apps.outbound import registry as outbound
        from apps.sync import registry

        from .kind import KIND

        registry.register(KIND)
        outbound.register(CollectionCommands(KIND))
