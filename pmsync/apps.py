"""Wires the project into Django: every process that runs Django also knows its Celery app."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    """Without this a web process would send its tasks to Celery's default app, and so to nowhere."""

    name = "pmsync"
    label = "pmsync"

    def ready(self) -> None:
        """Make the Celery app current and its tasks known."""
        from .celery import WITH_TASKS, app

        app.set_default()
        app.autodiscover_tasks(WITH_TASKS, force=True)
