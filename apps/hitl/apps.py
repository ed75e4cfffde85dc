"""Django's registration of the approvals."""

from django.apps import AppConfig


class HitlConfig(AppConfig):
    """Policies and approvals: who decides on what agents propose."""

    name = "apps.hitl"
    label = "hitl"

    def ready(self) -> None:
        """Decide on what is proposed, and carry out what is decided."""
        from apps.ai import actions
        from apps.outbound import registry

        from . import proposals
        from .commands import HitlCommands

        registry.register(HitlCommands())
        actions.on_proposed(proposals.take)
