"""Django's registration of the agents."""

from django.apps import AppConfig


class AiConfig(AppConfig):
    """The agents and what they propose."""

    name = "apps.ai"
    label = "ai"
