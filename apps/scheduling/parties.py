"""Who an account's person is among those of an event, and which event of theirs a message is about."""

from collections.abc import Collection, Sequence
from uuid import UUID

from apps.calendar.models import Event
from apps.compose.models import Identity
from apps.providers.adapters.ical import Item, itip
from apps.providers.models import ProviderAccount


def own_addresses(account: ProviderAccount) -> frozenset[str]:
    """The addresses under which an account's person is invited, in lower case."""
    aliases = Identity.objects.filter(account=account).values_list("address", flat=True)
    return frozenset(each.lower() for each in (account.address, *aliases))


def invited_as(items: Sequence[Item], own: Collection[str]) -> str:
    """The address under which one with these addresses is invited; empty when they are not."""
    return next((address for address in itip.attendees_of(items) if address in own), "")


def held(accounts: Collection[UUID], uid: str, first: UUID) -> Event | None:
    """The event of a UID in these accounts' calendars; one in the account `first` before all others."""
    found = Event.objects.select_related("collection", "account").filter(
        account_id__in=accounts, uid=uid[:255], component="VEVENT", leaving__isnull=True, refused=""
    )
    return min(found, key=lambda row: (row.account_id != first, not row.collection.writable, row.pk), default=None)
