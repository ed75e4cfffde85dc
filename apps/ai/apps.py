"""Django's registration of the agents."""

from django.apps import AppConfig


class AiConfig(AppConfig):
    """The agents and what they propose."""

    name = "apps.ai"
    label = "ai"

    def ready(self) -> None:
        """They follow the journal, add what they know to messages, and make the kinds of action known."""
        from apps.mail import additions
        from apps.realtime import journal

        from .actions import kinds, letters, messages, people, planning
        from .reading import marks, waking

        journal.follow(waking.appended)
        additions.register(marks.marks)
        for kind in (*letters.KINDS, *messages.KINDS, *planning.KINDS, *people.KINDS):
            kinds.register(kind)
