"""Mail as a resource kind of the engine."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db import transaction

from apps.core.clock import now
from apps.providers import accounts, connections
from apps.providers.adapters.base import MailAdapter, MailBatch
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync.lease import Lease
from apps.sync.registry import Applied, Comparison

from . import comparison, ingest, locks, tasks
from .commands import settlement
from .mirror import AccountMirror
from .models import Mailbox
from .search import upkeep

# "True as of" moves at every sync; browsers are told only when what they show has grown this old.
AS_OF_STEP: Final = timedelta(minutes=5)


class MailKind:
    """Implements `sync.registry.Kind`."""

    name = "mail"

    def open(self, account: ProviderAccount) -> MailAdapter:
        """A logged-in adapter for the account's mail."""
        return connections.open_mail(account, AccountMirror(account.pk))

    def changes(self, adapter: MailAdapter, account: ProviderAccount) -> Iterator[MailBatch]:
        """What happened since the cursors."""
        return adapter.changes(AccountMirror(account.pk))

    def backfill(self, adapter: MailAdapter, account: ProviderAccount) -> Iterator[MailBatch]:
        """History still missing."""
        return adapter.backfill(AccountMirror(account.pk))

    def prepare(self, account: ProviderAccount, batch: MailBatch) -> ingest.Prepared:
        """The batch parsed, its bytes sealed."""
        return ingest.parse(account, batch)

    def apply(self, held: Lease, account: ProviderAccount, prepared: ingest.Prepared) -> Applied:
        """One batch into the mirror."""
        return ingest.apply(held, account, prepared)

    def caught_up(self, held: Lease, account: ProviderAccount) -> None:
        """Everything the provider had when the run began is in: date the mirror, end the first import."""
        # What changed while the run was under way may be missing, so the mirror is as old as its beginning.
        moment = held.began() or now()
        with transaction.atomic():
            locks.account(account.pk)
            current = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
            held.check()
            Mailbox.objects.filter(account=account).update(as_of=moment)
            finished = current.import_finished_at is None
            old = current.as_of is None or moment - current.as_of >= AS_OF_STEP
            tell = finished or old or not current.reachable
            told = settlement.reconcile(account, moment)
            current.as_of, current.reachable = moment, True
            current.import_finished_at = current.import_finished_at or moment
            current.save(update_fields=["as_of", "reachable", "import_finished_at"])
            if tell:
                told.append(accounts.status_event(current))
            journal.append(told)
        if upkeep.due():
            tasks.sort_words.hand_over(str(held.target.tenant_id))

    def forget(self, account: ProviderAccount) -> None:
        """Drop every mailbox's cursor. The lock keeps a batch that is being written from storing one behind it."""
        locks.account(account.pk)
        Mailbox.objects.filter(account=account).update(cursor=None)

    def compare(self, adapter: MailAdapter, account: ProviderAccount) -> Comparison:
        """Mirror against the server's census."""
        return comparison.compare(adapter, account)
