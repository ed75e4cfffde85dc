"""What goes by itself: drafts that other clients finished, messages sent long ago, files that nobody holds."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from apps.core.clock import now
from apps.mail.models import Message
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.realtime.journal import Event

from . import uploads
from .models import Draft, DraftState

KEPT: Final = timedelta(days=30)
"""How long a sent message's way out is kept, as its command is."""


def tidy() -> int:
    """Tidy the open tenant; return how many rows went."""
    return sum(_forget_sent(account) + _gone_elsewhere(account) + uploads.sweep(account) for account in _accounts())


def _accounts() -> list[ProviderAccount]:
    return list(ProviderAccount.objects.all())


def _forget_sent(account: ProviderAccount) -> int:
    found = Draft.objects.filter(account=account, state=DraftState.SENT, sent_at__lt=now() - KEPT)
    return found.delete()[0]


def _gone_elsewhere(account: ProviderAccount) -> int:
    """Drafts whose copy another client sent or removed. One that was changed here since stays."""
    with transaction.atomic():
        finished = Draft.objects.select_for_update(of=("self",)).filter(
            account=account, state=DraftState.EDITING, message_id__isnull=False, saved_rev=F("rev")
        )
        # Its row is gone, or the grace of a message in no mailbox is over and it will be.
        gone = [
            draft
            for draft in finished
            if not Message.objects.filter(pk__in=[draft.message_id], orphaned_at__isnull=True).exists()
            and draft.updated_at < now() - timedelta(minutes=10)
        ]
        Draft.objects.filter(pk__in=[draft.pk for draft in gone]).delete()
        if gone:
            journal.append([Event("draft:delete", account.pk, {"id": str(draft.pk)}) for draft in gone])
    return len(gone)
