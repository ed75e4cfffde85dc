"""Who may decide on an approval, and what people are called."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.problems import not_found
from apps.providers import access
from apps.providers.models import AccountAccess, ProviderAccount
from apps.tenants import context
from apps.users import members
from apps.users.members import Member
from apps.users.models import Membership, User

from .models import Approval


def decidable(member: Member) -> QuerySet[Approval]:
    """The approvals that the person may decide: of accounts that are theirs or of which they are a delegate, and those
    that were handed to them as long as they see the account."""
    mine = Q(account_id__in=access.changeable_account_ids(member))
    handed = Q(delegated_to=member.user_id, account_id__in=access.visible_account_ids(member))
    return Approval.objects.filter(mine | handed).select_related("action__account", "account")


def one(member: Member, approval_id: UUID) -> Approval:
    """One of them, by its own id or that of its action. Raises the same 404 for what is missing and for what is not
    theirs to decide."""
    found = decidable(member).filter(Q(pk=approval_id) | Q(action_id=approval_id)).first()
    if found is None:
        raise not_found("approval")
    return found


def deciders(approval: Approval) -> tuple[UUID, ...]:
    """The account's owner, its delegates, and whom it was handed to while they see the account."""
    delegates = AccountAccess.objects.filter(account_id=approval.account_id, role=AccountAccess.Role.DELEGATE)
    found = {approval.account.owner_id, *delegates.values_list("user_id", flat=True)}
    if approval.delegated_to in access.people_who_see([approval.account_id]):
        found.add(approval.delegated_to)
    return tuple(sorted(found))


def to_hand_to(member: Member, account: ProviderAccount) -> list[User]:
    """Colleagues who see the account."""
    seeing = access.people_who_see([account.pk]) - {member.user_id}
    held = Membership.objects.filter(tenant=context.current(), user_id__in=seeing, user__is_active=True)
    return [row.user for row in held.select_related("user").order_by("user__name", "user_id")]


def member_of(user_id: UUID) -> Member | None:
    """A person in the open tenant; None when they left it."""
    user = User.objects.filter(pk=user_id).first()
    return members.of(user, context.current()) if user is not None else None


def names(user_ids: Collection[UUID | None]) -> dict[UUID, str]:
    """What people are called: their name, else their address."""
    held = User.objects.filter(pk__in={each for each in user_ids if each is not None})
    return {user.pk: user.name or user.email for user in held}
