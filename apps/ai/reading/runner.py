"""One tenant's turn of reading: the journal, then the messages that wait, a while at a time, under the lease."""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now
from apps.realtime import journal

from .. import consent
from ..model import switches
from ..people import important
from . import lease, reader, stream
from .models import AgentCursor, Reading

log = structlog.get_logger(__name__)

SLICE: Final = 60.0
"""Seconds after which other tenants get the worker."""
AGAIN_MOST: Final = timedelta(hours=1)


def run(seconds: float = SLICE) -> float | None:
    """Read for a while. Answers in how many seconds there is more to do, 0 for at once; None when nothing waits.

    A second reader of the same tenant does nothing: the first looks again before it stops.
    """
    until = time.monotonic() + seconds
    while True:
        with lease.take() as held:
            if held is None:
                return None
            finished = _until(until, held)
        if not finished:
            return 0.0
        # What came between the last look and the end of the lease woke nobody.
        if not _unseen():
            return _next_due()


def _until(until: float, held: UUID) -> bool:
    """Read until nothing is left or the time is up; False for the latter."""
    while stream.take_in():
        pass
    if not switches.on():
        return True
    for account in consent.readable():
        important.refresh(account)
    while (reading := _next()) is not None:
        if time.monotonic() > until:
            return False
        if not lease.renew(held) or not switches.on():
            return True
        if not consent.given(reading.account_id):
            reading.delete()  # whoever lets the agents read again has recent mail read then
            continue
        try:
            reader.read(reading)
        except reader.TryLater:
            log.info("a message is read later", message=str(reading.pk), tries=reading.tries + 1)
    return True


def _next() -> Reading | None:
    """The newest message that waits: what came just now matters more than what lay there."""
    waiting = Reading.objects.filter(state=Reading.State.WAITING, not_before__lte=now())
    return waiting.order_by("-message_id").first()


def _unseen() -> bool:
    cursor = AgentCursor.objects.filter(agent=stream.AGENT).first()
    behind = cursor is not None and journal.head() > cursor.seq
    return switches.on() and (behind or _next() is not None)


def _next_due() -> float | None:
    first = Reading.objects.filter(state=Reading.State.WAITING).order_by("not_before").first()
    if first is None or not switches.on():
        return None
    return min(max(1.0, (first.not_before - now()).total_seconds()), AGAIN_MOST.total_seconds())
