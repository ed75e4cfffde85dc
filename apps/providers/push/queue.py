"""Sending this package's tasks, by name; an unreachable queue is logged, since the next tick finds what was lost."""

from typing import Final
from uuid import UUID

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

NAME: Final = "webhooks"


def send(task: str, *ids: UUID, delay: float = 0.0) -> bool:
    """Enqueue a task `delay` seconds from now; False when the queue is out of reach."""
    try:
        current_app.send_task(task, tuple(map(str, ids)), queue=NAME, countdown=delay)
    except (OperationalError, OSError) as error:
        log.warning("task not enqueued", task=task, reason=type(error).__name__)
        return False
    return True
