"""Django's registration of the approvals."""

from django.apps import AppConfig


class HitlConfig(AppConfig):
    """Policies and approvals: who decides on what agents propose."""

    name = "apps.hitl"
    label = "hitl"
