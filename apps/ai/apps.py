"""Django's registration of the agents."""

from django.apps import AppConfig


class AiConfig(AppConfig):
    """The agents and what they propose."""

    name = "apps.ai"
    label = "ai"

    def ready(self) -> None:
        """They follow the journal, and add what they know to messages."""
        from apps.mail import additions
        from apps.realtime import journal

        from .reading import marks, waking

        journal.follow(waking.appended)
        additions.register(marks.marks)
