"""From the journal to the queue: on commit, a task is enqueued for events that somebody may have to be told of."""

import functools
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.tenants import context

from ..journal import Event
from . import notices, subscriptions

log = structlog.get_logger(__name__)

# Read by workers that mostly wait for other people's servers (docker/compose.yaml).
QUEUE: Final = "webhooks"


def appended(events: Sequence[Event], last: int) -> None:
    """Follows the journal; the last event has the number `last`. No query in here: the head's lock is held."""
    if notices.any_worth_telling(events):
        announce = functools.partial(_announce, context.current().pk, last - len(events), last)
        transaction.on_commit(announce, robust=True)


def _announce(tenant_id: UUID, after: int, last: int) -> None:
    from .. import tasks  # its tasks append nothing, but they read the journal that calls us

    if not subscriptions.anybody():
        return
    try:
        tasks.tell.apply_async((str(tenant_id), str(after), str(last)), queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        # A notification may be lost; the mail is in the list.
        log.warning("push not enqueued: is Redis up? Nobody is notified of this", reason=type(error).__name__)
