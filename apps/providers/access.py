"""Who sees what: the one filter through which every query, event, file and search passes."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.problems import Problem, not_found
from apps.users.members import Member

from .models import AccountAccess, AccountStatus, ProviderAccount


def visible_accounts(member: Member) -> QuerySet[ProviderAccount]:
    """The accounts the person owns or was given access to; an owner of the tenant gets no others."""
    mine = Q(owner_id=member.user_id)
    shared = Q(access__user_id=member.user_id)
    return _connected().filter(mine | shared).distinct().order_by("created_at")


def owned_accounts(member: Member) -> QuerySet[ProviderAccount]:
    """The accounts that belong to the person."""
    return _connected().filter(owner_id=member.user_id).order_by("created_at")


def _connected() -> QuerySet[ProviderAccount]:
    return ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED)


def visible_account_ids(member: Member) -> frozenset[UUID]:
    """Their ids; one query."""
    return frozenset(visible_accounts(member).values_list("id", flat=True))


def visible_account(member: Member, account_id: UUID) -> ProviderAccount:
    """One account. Raises the same 404 for what is missing and for what is another's."""
    account = visible_accounts(member).filter(pk=account_id).first()
    if account is None:
        raise not_found("account")
    return account


def may_act(member: Member, account_ids: Collection[UUID]) -> None:
    """Raise the 403 problem unless the person owns each of these accounts, which they see, or is its delegate."""
    mine = Q(owner_id=member.user_id)
    delegated = Q(access__user_id=member.user_id, access__role=AccountAccess.Role.DELEGATE)
    allowed = set(_connected().filter(mine | delegated, pk__in=list(account_ids)).values_list("pk", flat=True))
    if not set(account_ids) <= allowed:
        detail = "You may read this account, but its owner has not let you change anything in it."
        raise Problem(403, "read_only_access", detail)


def owned_account(member: Member, account_id: UUID) -> ProviderAccount:
    """One account that the person owns: only they reconnect, share or disconnect it."""
    account = owned_accounts(member).filter(pk=account_id).first()
    if account is None:
        raise not_found("account")
    return account
