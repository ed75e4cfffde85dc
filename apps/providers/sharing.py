"""Letting colleagues see an account, and taking that back. Only the owner lets in; anyone may leave."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.core.problems import Problem, not_found
from apps.realtime import journal
from apps.users.members import Member
from apps.users.models import Membership

from . import accounts
from .models import AccountAccess, AccountStatus, ProviderAccount


@dataclass(frozen=True, slots=True)
class Guest:
    """A colleague who may see the account."""

    user_id: UUID
    name: str
    email: str
    role: str


def guests(member: Member, account: ProviderAccount) -> list[Guest]:
    """Who may see the account besides its owner; people who left the company are left out."""
    roles = dict(account.access.values_list("user_id", "role"))
    rows = Membership.objects.filter(tenant=member.tenant, user_id__in=roles).select_related("user")
    found = [Guest(row.user_id, row.user.name, row.user.email, roles[row.user_id]) for row in rows]
    return sorted(found, key=lambda guest: (guest.name.casefold(), guest.email))


def let_in(member: Member, account: ProviderAccount, user_id: UUID, role: str) -> Guest:
    """Give a colleague a role on the account; the same again changes nothing.

    Raises the 404 for a person who is not of this company, `own_account` (409) for the owner.
    """
    if user_id == account.owner_id:
        raise Problem(409, "own_account", "The account belongs to this person already.")
    row = Membership.objects.filter(tenant=member.tenant, user_id=user_id, user__is_active=True)
    membership = row.select_related("user").first()
    if membership is None:
        raise not_found("person")
    with transaction.atomic():
        locked = _locked(account)
        held = locked.access.filter(user_id=user_id).first()
        if held is None or held.role != role:
            AccountAccess.objects.update_or_create(account=locked, user_id=user_id, defaults={"role": role})
            journal.append([accounts.seen_event(locked, [user_id])])
    return Guest(user_id, membership.user.name, membership.user.email, role)


def let_go(account: ProviderAccount, user_id: UUID) -> None:
    """End a colleague's access; done twice it is done."""
    with transaction.atomic():
        locked = _locked(account)
        removed, _ = locked.access.filter(user_id=user_id).delete()
        if removed:
            journal.append([accounts.gone_event(locked.pk, [user_id])])


def _locked(account: ProviderAccount) -> ProviderAccount:
    rows = ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED)
    locked = rows.select_for_update(no_key=True).filter(pk=account.pk).first()
    if locked is None:
        raise not_found("account")
    return locked
