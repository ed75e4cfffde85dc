"""Django's registration of mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail registers itself as a resource kind of the engine."""

    name = "apps.mail"
    label = "mail"

    def ready(self) -> None:
        """Make the kind known, its commands, who answers those that come over the socket, and what is told of mail."""
        from apps.outbound import registry as outbound
        from apps.realtime import orders
        from apps.realtime.push import notices as pushed
        from apps.sync import registry

        from . import notices
        from .commands import service
        from .commands.kind import MailCommands
        from .kind import MailKind

        registry.register(MailKind())
        outbound.register(MailCommands())
        orders.register(service.ordered)
        pushed.register(notices.NAME, notices.NewMail())
