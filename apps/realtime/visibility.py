"""Which accounts a person may see, as told by `providers`, which stands above this application.

Until someone registers the answer, nobody sees anything.
"""

from collections.abc import Callable, Collection
from uuid import UUID

from apps.users.members import Member

AccountsVisibleTo = Callable[[Member], frozenset[UUID]]
PeopleWhoSee = Callable[[Collection[UUID]], frozenset[UUID]]


def _nothing(member: Member) -> frozenset[UUID]:
    return frozenset()


def _nobody(account_ids: Collection[UUID]) -> frozenset[UUID]:
    return frozenset()


_answer: AccountsVisibleTo = _nothing
_converse: PeopleWhoSee = _nobody


def register(answer: AccountsVisibleTo) -> None:
    """Say who answers. It is called with the member's tenant open, in synchronous code."""
    global _answer
    _answer = answer


def register_people(answer: PeopleWhoSee) -> None:
    """Say who answers the converse question, likewise."""
    global _converse
    _converse = answer


def accounts_visible_to(member: Member) -> frozenset[UUID]:
    """The ids of the accounts whose events the person may see."""
    return _answer(member)


def people_who_see(account_ids: Collection[UUID]) -> frozenset[UUID]:
    """The people who may see events of one of these accounts. A choice of whom to ask about: whether somebody
    is a member still, and sees this very account, is asked of `accounts_visible_to`."""
    return _converse(account_ids)
