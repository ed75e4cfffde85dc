"""Django's registration of the agents."""

from django.apps import AppConfig


class AiConfig(AppConfig):
    """The agents and what they propose."""

    name = "apps.ai"
    label = "ai"

    def ready(self) -> None:
        """They follow the journal, new mail and what owners allow, add what they know to messages, and make the kinds
        of action known."""
        from django.db.models.signals import post_save

        from apps.mail import additions, arrivals
        from apps.realtime import journal

        from .actions import kinds, letters, messages, people, planning
        from .model.models import Consent
        from .reading import marks, waking
        from .retrieval import waking as retrieval

        journal.follow(waking.appended)
        additions.register(marks.marks)
        arrivals.register(retrieval.told)
        post_save.connect(retrieval.said, sender=Consent, dispatch_uid="ai.retrieval.consent")
        for kind in (*letters.KINDS, *messages.KINDS, *planning.KINDS, *people.KINDS):
            kinds.register(kind)
