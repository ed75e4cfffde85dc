"""Django's registration of mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail registers itself as a resource kind of the engine."""

    name = "apps.mail"
    label = "mail"

    def ready(self) -> None:
        """Make the kind known, its commands, and who answers those that come over the socket."""
        from apps.outbound import registry as outbound
        from apps.realtime import orders
        from apps.sync import registry

        from .commands import service
        from .commands.kind import MailCommands
        from .kind import MailKind

        registry.register(MailKind())
        outbound.register(MailCommands())
        orders.register(service.ordered)
