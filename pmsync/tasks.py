"""Celery entry points of the project itself."""

from celery import shared_task

from apps.tenants.tasks import PublicTask

from . import celery_health


@shared_task(base=PublicTask, name=celery_health.TASK, ignore_result=True)
def heartbeat() -> None:
    """Nothing: that it was received is the message (`pmsync.celery_health`)."""
