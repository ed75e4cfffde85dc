"""Django's registration of sync."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """The sync application."""

    name = "apps.sync"
    label = "sync"

    def ready(self) -> None:
        """Follow the life of accounts, and note when beat sends a tick."""
        from celery.signals import before_task_publish

        from apps.providers import signals

        from . import accounts, heartbeats, pushing

        signals.account_connected.connect(accounts.begin, dispatch_uid="sync.begin")
        signals.account_reconnected.connect(accounts.begin, dispatch_uid="sync.wake")
        signals.account_disconnected.connect(accounts.end, dispatch_uid="sync.end")
        signals.push_rang.connect(pushing.rang, dispatch_uid="sync.push.rang")
        signals.push_changed.connect(pushing.changed, dispatch_uid="sync.push.changed")
        before_task_publish.connect(heartbeats.tick_published, sender="sync.tick", dispatch_uid="sync.beat")
