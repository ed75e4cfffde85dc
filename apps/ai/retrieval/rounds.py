"""One round over the accounts of a tenant: each gets its slice, so that a large one delays nobody's news."""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now

from . import filling
from .embedder import Embedder, EmbedderError, Withheld, current
from .models import Coverage

log = structlog.get_logger(__name__)

SLICE: Final = 20.0
"""Seconds that a tenant keeps its worker before others get a turn."""

LEAST: Final = 2.0
"""Seconds that an account gets at least, however many there are."""

LATER: Final = 60.0
"""Seconds after which a service that gave no vectors is asked again, when it named none."""

WHOLE: Final = timedelta(days=1)
"""As often all that waits is looked for, whatever the journal said: what no event told of is found, too."""


def read(seconds: float = SLICE) -> float | None:
    """Read what waits in the open tenant. Seconds after which another round should follow; None when nothing waits."""
    accounts = filling.accounts()
    embedder = current(archive=True)
    until = time.monotonic() + seconds
    again: float | None = None
    for place, account_id in enumerate(accounts):
        left = max(until - time.monotonic(), 0)
        slice_seconds = max(left / (len(accounts) - place), LEAST)
        try:
            if not _account(account_id, embedder, slice_seconds):
                again = 0.0
        except Withheld as error:
            # Nothing is amiss: the sweep takes it up again, and until then what is new is found by its words.
            log.info("reading waits", reason=error.code)
            return None
        except EmbedderError as error:
            log.warning("reading put off", reason=error.reason, retry_after=error.retry_after)
            return error.retry_after or LATER
    return again


def _account(account_id: UUID, embedder: Embedder, seconds: float) -> bool:
    """Read an account for a while; True when another round has nothing to do for it."""
    until = time.monotonic() + seconds
    while True:
        filled = filling.fill(
            account_id, embedder, seconds=max(until - time.monotonic(), 0), whole=_overdue(account_id)
        )
        if filled.busy:
            return True  # whoever reads it looks again before they end
        if not filled.done:
            return False
        # Asked after the lease was given back: who was turned away by it left their news to us.
        coverage = Coverage.objects.filter(pk=account_id).first()
        if coverage is None:
            return True
        _, touched = filling.news(coverage, embedder.name)
        if touched is not None and not any(touched.values()):
            return True
        if time.monotonic() > until:
            return False


def _overdue(account_id: UUID) -> bool:
    covered = Coverage.objects.filter(pk=account_id).values_list("covered_at", flat=True).first()
    return covered is not None and covered < now() - WHOLE
