"""Who sees what: the one filter through which every query, event, file and search passes."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.problems import Problem, not_found
from apps.core.statement import Given, Statement
from apps.users.members import Member
from apps.users.models import Membership, Role

from .models import AccountAccess, AccountStatus, ProviderAccount


def seen_by(user: UUID | Given) -> QuerySet[ProviderAccount]:
    """The accounts that a person owns or was given access to; an owner of the tenant gets no others."""
    shared = AccountAccess.objects.filter(user_id=user).values("account_id")
    return _connected().filter(Q(owner_id=user) | Q(pk__in=shared))


def visible_accounts(member: Member) -> QuerySet[ProviderAccount]:
    """The accounts the person sees, the first connected first."""
    return seen_by(member.user_id).order_by("created_at")


def owned_accounts(member: Member) -> QuerySet[ProviderAccount]:
    """The accounts that belong to the person."""
    return _connected().filter(owner_id=member.user_id).order_by("created_at")


def _connected() -> QuerySet[ProviderAccount]:
    return ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED)


def _changeable_by(user: UUID | Given) -> QuerySet[ProviderAccount]:
    delegated = AccountAccess.objects.filter(user_id=user, role=AccountAccess.Role.DELEGATE).values("account_id")
    return _connected().filter(Q(owner_id=user) | Q(pk__in=delegated))


SEEN: Final = Statement(lambda: seen_by(Given("user")).values_list("id"))
CHANGEABLE: Final = Statement(lambda: _changeable_by(Given("user")).values_list("id"))


def visible_account_ids(member: Member) -> frozenset[UUID]:
    """The ids of the accounts the person sees; one query."""
    return frozenset(pk for (pk,) in SEEN.tuples(user=member.user_id))


def changeable_account_ids(member: Member) -> frozenset[UUID]:
    """The ids of the accounts the person owns or is a delegate of; one query."""
    return frozenset(pk for (pk,) in CHANGEABLE.tuples(user=member.user_id))


def people_who_see(account_ids: Collection[UUID]) -> frozenset[UUID]:
    """The owners of these accounts, and those they gave access to."""
    some = list(account_ids)
    owners = _connected().filter(pk__in=some).values_list("owner_id")
    guests = AccountAccess.objects.filter(account_id__in=some).values_list("user_id")
    return frozenset(user for (user,) in owners.union(guests))


def visible_account(member: Member, account_id: UUID) -> ProviderAccount:
    """One account. Raises the same 404 for what is missing and for what is another's."""
    account = visible_accounts(member).filter(pk=account_id).first()
    if account is None:
        raise not_found("account")
    return account


def may_act(member: Member, account_ids: Collection[UUID]) -> None:
    """Raise the 403 problem unless the person owns each of these accounts, which they see, or is its delegate."""
    if not set(account_ids) <= changeable_account_ids(member):
        detail = "You may read this account, but its owner has not let you change anything in it."
        raise Problem(403, "read_only_access", detail)


def own_to_change(member: Member, account_id: UUID) -> ProviderAccount:
    """One account that the person owns and has connected: what their company connected is their company's to change."""
    account = owned_account(member, account_id)
    if account.company_id is not None:
        people = Membership.objects.filter(tenant=member.tenant, role__in=(Role.OWNER, Role.ADMIN))
        names = [row.user.name or row.user.email for row in people.select_related("user").order_by("created_at")]
        detail = f"Your company connected this account, so only its administrators change that. Ask {', '.join(names)}."
        raise Problem(403, "connected_by_company", detail, administrators=names)
    return account


def owned_account(member: Member, account_id: UUID) -> ProviderAccount:
    """One account that the person owns: only they reconnect, share or disconnect it."""
    account = owned_accounts(member).filter(pk=account_id).first()
    if account is None:
        raise not_found("account")
    return account
