"""Which accounts a person may see, as told by `providers`, which stands above this application.

Until someone registers the answer, nobody sees anything.
"""

from collections.abc import Callable
from uuid import UUID

from apps.users.members import Member

AccountsVisibleTo = Callable[[Member], frozenset[UUID]]


def _nothing(member: Member) -> frozenset[UUID]:
    return frozenset()


_answer: AccountsVisibleTo = _nothing


def register(answer: AccountsVisibleTo) -> None:
    """Say who answers. It is called with the member's tenant open, in synchronous code."""
    global _answer
    _answer = answer


def accounts_visible_to(member: Member) -> frozenset[UUID]:
    """The ids of the accounts whose events the person may see."""
    return _answer(member)
