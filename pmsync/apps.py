"""Wires the project into Django: every process that runs Django also knows its Celery app, and has begun."""

import gc

from django.apps import AppConfig


class WiringConfig(AppConfig):
    """Without this a web process would send its tasks to Celery's default app, and so to nowhere."""

    name = "pmsync"
    label = "pmsync"

    def ready(self) -> None:
        """Make the Celery app current; what has been imported so far stays, so the garbage collector, quiet since the
        settings were read, never looks through it."""
        from .celery import app

        app.set_default()
        gc.freeze()
        gc.enable()
