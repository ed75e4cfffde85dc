"""How agents ask for something to be done: an action is proposed, and whoever is registered decides on it.

`hitl` stands above this application and registers the decision; without it an action stays proposed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction

from apps.providers.models import ProviderAccount
from apps.users.members import Member

from .models import Action


class Kind(Protocol):
    """A kind of action that agents may propose: what `args` hold, and the ordinary command it becomes."""

    @property
    def name(self) -> str: ...

    def clean(self, member: Member, account: ProviderAccount, args: dict[str, Any]) -> dict[str, Any]:
        """The canonical form of the arguments, complete. Raises a Problem when it could not be done."""

    def perform(self, member: Member, action: Action) -> dict[str, Any] | None:
        """Inside a transaction: the same command that a click makes. Returns what undoes it, None when nothing can."""

    def undo(self, member: Member, action: Action) -> None:
        """Inside a transaction: apply the action's inverse."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an agent wants: see `Action`."""

    agent: str
    kind: str
    args: dict[str, Any]
    why: str
    key: str
    sources: Sequence[dict[str, str]] = ()


_kinds: dict[str, Kind] = {}
_decide: list[Callable[[Member, Action], None]] = []


def register(kind: Kind) -> None:
    """Make a kind known; called from an application's `ready`."""
    _kinds[kind.name] = kind


def kind(name: str) -> Kind:
    """The kind of that name. Raises KeyError."""
    return _kinds[name]


def on_proposed(decide: Callable[[Member, Action], None]) -> None:
    """Register who decides; called inside the transaction that proposes."""
    _decide.append(decide)


def propose(member: Member, account: ProviderAccount, wish: Wish) -> Action:
    """Propose an action for a person, once a reason. Returns the action that stands, new or not.

    Raises the problems of the kind's `clean`, KeyError for a kind that nobody registered.
    """
    args = kind(wish.kind).clean(member, account, wish.args)
    with transaction.atomic():
        action, made = Action.objects.get_or_create(
            account=account,
            agent=wish.agent,
            key=wish.key,
            defaults={
                "user_id": member.user_id,
                "kind": wish.kind,
                "args": args,
                "why": wish.why,
                "sources": list(wish.sources),
            },
        )
        if made:
            for decide in _decide:
                decide(member, action)
    return action
