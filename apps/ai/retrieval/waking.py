"""What wakes the reader: new mail, and what the owner of an account says of its being read; once that is committed."""

import threading
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.ai import consent
from apps.ai.model.models import Consent
from apps.mail.models import Mailbox
from apps.mail.prepare import Draft
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.tenants import context

PAUSE: Final = 2.0
"""Seconds between a wake-up and the reading; a first import wakes once in that time, not with each batch."""

_woken: dict[UUID, float] = {}
_lock: Final = threading.Lock()


def told(account: ProviderAccount, mailbox: Mailbox, new: Sequence[Draft]) -> list[Event]:
    """A listener of `mail.arrivals`; answers no event."""
    if consent.consented([account.pk]):
        transaction.on_commit(wake, robust=True)
    return []


def wake() -> None:
    """Have the open tenant read soon. What comes while that waits is read with it."""
    from .tasks import embed

    tenant_id = context.current().pk
    with _lock:
        moment = time.monotonic()
        if _woken.get(tenant_id, -PAUSE) + PAUSE > moment:
            return
        _woken[tenant_id] = moment
    embed.hand_over(str(tenant_id), after=PAUSE)


def said(sender: object, instance: Consent, **more: object) -> None:
    """An owner gave or took back their consent: what it allows is read, what it allows no more is removed."""
    transaction.on_commit(wake if instance.reading else clear, robust=True)


def clear() -> None:
    """Have the open tenant's chunks removed that may not be kept any more; no search shows them since the commit."""
    from .tasks import sweep

    sweep.hand_over(str(context.current().pk))
