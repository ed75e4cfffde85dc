"""What the owners of accounts let the agents do: nothing, until they say so."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.providers import access
from apps.providers.models import AccountStatus, ProviderAccount
from apps.users.members import Member

from .model.models import Consent


@dataclass(frozen=True, slots=True)
class Given:
    """What one account's owner allows."""

    reading: bool = False
    drafting: bool = False


def of(account_ids: Collection[UUID]) -> dict[UUID, Given]:
    """What is allowed for each of these accounts; one query. An account that is being removed allows nothing."""
    rows = Consent.objects.filter(account_id__in=list(account_ids))
    rows = rows.exclude(account__status=AccountStatus.DISCONNECTED)
    found = {row.account_id: Given(row.reading, row.reading and row.drafting) for row in rows}
    return {account_id: found.get(account_id, Given()) for account_id in account_ids}


def given(account_id: UUID) -> bool:
    """True while the agents may read this account's mail; asked before each call of the model."""
    return of([account_id])[account_id].reading


def consented(account_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these accounts that the agents may read."""
    return frozenset(account_id for account_id, allowed in of(account_ids).items() if allowed.reading)


def readable() -> list[ProviderAccount]:
    """Every account of the open tenant that the agents may read."""
    held = Consent.objects.filter(reading=True).exclude(account__status=AccountStatus.DISCONNECTED)
    return [row.account for row in held.select_related("account").order_by("account_id")]


def anybody() -> bool:
    """True when the agents may read anything here."""
    return Consent.objects.filter(reading=True).exists()


def set_by(member: Member, account_id: UUID, *, reading: bool, drafting: bool) -> tuple[ProviderAccount, bool]:
    """What the owner allows from now on; also whether reading was allowed only now. Raises the 404 for others."""
    account = access.owned_account(member, account_id)
    with transaction.atomic():
        before = Consent.objects.select_for_update().filter(account=account).first()
        Consent.objects.update_or_create(
            account=account,
            defaults={"reading": reading, "drafting": drafting, "by_user": member.user_id, "at": now()},
        )
    return account, reading and not (before and before.reading)
