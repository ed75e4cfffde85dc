"""Proposing an action: its arguments made canonical, its row written once a reason, whoever decides told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.core.nul import without_nul
from apps.providers.models import ProviderAccount
from apps.users.members import Member

from ..models import Action, Origin
from ..plain import plain
from .kinds import kind

Decide = Callable[[Member, Action], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What an agent wants: see `Action`. Who does not say whose wish it is, had it from what others wrote."""

    agent: str
    kind: str
    args: dict[str, Any]
    why: str
    key: str
    sources: Sequence[dict[str, str]] = ()
    origin: Origin = Origin.CONTENT


_decide: list[Decide] = []


def on_proposed(decide: Decide) -> None:
    """Register who decides; called inside the transaction that proposes, as its last statement."""
    if decide not in _decide:
        _decide.append(decide)


def propose(member: Member, account: ProviderAccount, wish: Wish) -> Action:
    """Propose an action for a person, once a reason. Returns the action that stands, new or not.

    Call it outside a transaction: an answer's recipients and subject may have to be read from its message. Raises the
    problems of the kind's `clean`, KeyError for a kind that nobody registered.
    """
    of_kind = kind(wish.kind)
    args = without_nul(of_kind.clean(member, account, wish.args))
    home = of_kind.home(member, account, args)
    to = of_kind.recipients(home, args)
    with transaction.atomic():
        action, made = Action.objects.get_or_create(
            account=home,
            agent=wish.agent,
            key=wish.key,
            defaults={
                "user_id": member.user_id,
                "kind": wish.kind,
                "args": args,
                "recipients": to,
                "risk": of_kind.risk(args, to),
                "version": of_kind.version(home, args),
                "why": plain(wish.why),
                "origin": wish.origin,
                "sources": [dict(source) for source in wish.sources],
            },
        )
        if made:
            for decide in _decide:
                decide(member, action)
    return action
