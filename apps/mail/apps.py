"""Django's registration of mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail registers itself as a resource kind of the engine."""

    name = "apps.mail"
    label = "mail"

    def ready(self) -> None:
        """Make the kind known."""
        from apps.sync import registry

        from .kind import MailKind

        registry.register(MailKind())
