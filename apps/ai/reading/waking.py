"""From the journal to the queue: on commit a reader is woken, where anybody lets the agents read."""

import functools
from collections.abc import Sequence
from typing import Final

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.realtime.journal import Event
from apps.tenants import context

from .. import consent
from . import stream

log = structlog.get_logger(__name__)

QUEUE: Final = "ai"


def appended(events: Sequence[Event], last: int) -> None:
    """Follows the journal. No query in here: the head's lock is held."""
    if stream.concerns(events):
        transaction.on_commit(functools.partial(_wake, str(context.current().pk)), robust=True)


def _wake(tenant_id: str) -> None:
    if consent.anybody():
        wake(tenant_id)


def wake(tenant_id: str, countdown: float = 0.0) -> None:
    """Enqueue a reader. Never raises for an unreachable queue: the sweep finds what waits."""
    from .. import tasks  # its module imports this one

    try:
        tasks.read.apply_async((tenant_id,), queue=QUEUE, countdown=countdown, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("reading not enqueued; the sweep finds it", reason=type(error).__name__)
