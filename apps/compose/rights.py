"""Who may write in an account: its owner and its delegates. A reader reads."""

from uuid import UUID

from apps.core.problems import Problem
from apps.providers import access, accounts
from apps.providers.models import ProviderAccount
from apps.users.members import Member


def writable(member: Member, account_id: UUID) -> ProviderAccount:
    """The account, for somebody who may write in it. Raises the 404 of what is not theirs to see, 403 for a reader."""
    account = access.visible_account(member, account_id)
    if not may_write(member, account):
        raise Problem(403, "read_only", "You may read this account, but not write in its name. Ask its owner.")
    return account


def may_write(member: Member, account: ProviderAccount) -> bool:
    """True for the owner and for delegates."""
    return accounts.as_seen_by(member, account)["role"] != "reader"


def writable_accounts(member: Member) -> list[ProviderAccount]:
    """Every account that the person may write in."""
    return [account for account in access.visible_accounts(member) if may_write(member, account)]
