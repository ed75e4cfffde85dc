"""Celery: the broker, the queues, and what beat ticks."""

import os
from typing import Final

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")

from django.conf import settings

from . import celery_health

app = Celery("pmsync")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_transport="pmsync.broker:Transport",
    # Results live in rows of ours, never in the broker.
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue="housekeeping",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    # A task that takes longer is delivered again; the lease makes the second delivery harmless.
    broker_transport_options={"visibility_timeout": 1800, "socket_timeout": 10, "socket_keepalive": True},
    timezone="UTC",
    beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler",
    worker_hijack_root_logger=False,
    beat_schedule={
        "scheduler tick": {
            "task": "sync.tick",
            "schedule": settings.EMAIL_SYNC_TICK_SECONDS,
            "options": {"queue": "sync.high", "expires": settings.EMAIL_SYNC_TICK_SECONDS},
        },
        "sweep": {"task": "sync.sweep", "schedule": 20.0, "options": {"queue": "housekeeping", "expires": 60}},
        "bury orphans": {
            "task": "mail.bury_all",
            "schedule": 120.0,
            "options": {"queue": "housekeeping", "expires": 120},
        },
        "finish removals": {
            "task": "providers.finish_all_removals",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "read companies' directories": {
            "task": "providers.look_after_all_companies",
            "schedule": 21_600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "keep subscriptions": {
            "task": "push.tick",
            "schedule": 30.0,
            "options": {"queue": "webhooks", "expires": 30},
        },
        "adopt accounts without subscriptions": {
            "task": "push.adopt_all",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "adopt what nothing syncs yet": {
            "task": "sync.adopt_all",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "forget old merges": {
            "task": "contacts.forget_all_merges",
            "schedule": 86_400.0,
            "options": {"queue": "housekeeping", "expires": 86_400},
        },
        "sweep sessions and codes": {
            "task": "users.sweep",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "tidy drafts": {
            "task": "compose.tidy_all",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "look for what agents left": {
            "task": "ai.look_all",
            "schedule": 300.0,
            "options": {"queue": "ai", "expires": 300},
        },
        "reports that are due": {
            "task": "reports.tick",
            "schedule": 15.0,
            "options": {"queue": "sync.high", "expires": 15},
        },
        "alerts": {
            "task": "reports.alert_all",
            "schedule": 600.0,
            "options": {"queue": "housekeeping", "expires": 600},
        },
        "forget old reports": {
            "task": "reports.tidy_all",
            "schedule": 86_400.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "prune commands": {
            "task": "outbound.prune_all",
            "schedule": 86_400.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
        "sweep embeddings": {
            "task": "ai.embed_all",
            "schedule": 600.0,
            "options": {"queue": "embedding", "expires": 600},
        },
        "prune journals": {
            "task": "realtime.prune_all",
            "schedule": 3600.0,
            "options": {"queue": "housekeeping", "expires": 3600},
        },
    },
)
app.conf.task_queues = [
    Queue(name, routing_key=name)
    for name in (
        "sync.high", "sync.normal", "sync.low", "calendar", "contacts", "webhooks", "outbound", "backfill", "ai",
        "embedding", "housekeeping",
    )
]  # fmt: skip
# Imported by whoever runs tasks; others send them by name, or import the one they send.
WITH_TASKS: Final = [
    "pmsync", "apps.sync", "apps.outbound", "apps.mail", "apps.compose", "apps.realtime", "apps.users",
    "apps.providers", "apps.providers.companies", "apps.providers.push", "apps.ai", "apps.ai.retrieval", "apps.hitl",
    "apps.reports",
]  # fmt: skip
celery_health.install(app)
app.autodiscover_tasks(WITH_TASKS)
