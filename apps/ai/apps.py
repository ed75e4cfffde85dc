"""Django's registration of the agents."""

from django.apps import AppConfig


class AiConfig(AppConfig):
    """The agents and what they propose."""

    name = "apps.ai"
    label = "ai"

    def ready(self) -> None:
        """Make the kinds of action known."""
        from .actions import kinds, letters, messages, people, planning

        for kind in (*letters.KINDS, *messages.KINDS, *planning.KINDS, *people.KINDS):
            kinds.register(kind)
