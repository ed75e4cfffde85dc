"""Django's registration of compose."""

from django.apps import AppConfig


class ComposeConfig(AppConfig):
    """Compose registers its commands with the queue, and with mail what it adds to messages."""

    name = "apps.compose"
    label = "compose"

    def ready(self) -> None:
        """Make them known."""
        from apps.mail import additions, arrivals
        from apps.outbound import registry

        from . import arriving, rows
        from .commands import ComposeCommands

        registry.register(ComposeCommands())
        arrivals.register(arriving.told)
        additions.register(rows.of_messages)
