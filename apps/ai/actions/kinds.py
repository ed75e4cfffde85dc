"""Kinds of action: what their arguments hold, what exactly would happen, and the ordinary command each becomes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from apps.core.problems import Problem
from apps.providers.models import ProviderAccount
from apps.users.members import Member

from ..models import Action
from .previews import Preview

Args = dict[str, Any]
Inverse = dict[str, Any]
"""What undoes an action, JSON-ready. `remains`, when there, is the code of what is left all the same."""


class Risk(StrEnum):
    """How much harm an action could do that nobody looked at."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Kind(ABC):
    """A kind of action that agents may propose."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Such as `email.send`."""

    @abstractmethod
    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """The canonical form of the arguments, complete. Outside a transaction: it may read a message's text.

        Raises a Problem when it could not be done.
        """

    def home(self, member: Member, account: ProviderAccount, args: Args) -> ProviderAccount:
        """The account that cleaned arguments act upon, whose owner and delegates decide."""
        return account

    def recipients(self, account: ProviderAccount, args: Args) -> list[str]:
        """Everybody outside the account who would hear of it: addresses in lower case, each once, sorted."""
        return []

    def risk(self, args: Args, recipients: Sequence[str]) -> Risk:
        """How risky it is, by itself."""
        return Risk.MEDIUM

    def version(self, account: ProviderAccount, args: Args) -> str:
        """Of what it acts upon: another text as soon as that is no longer what the person saw.

        Raises the 404 problem when it is gone.
        """
        return ""

    def title(self, account: ProviderAccount, args: Args) -> str:
        """What a list calls it: a subject, the title of an event. Data of the person's, in no language of ours."""
        return ""

    def preview(self, member: Member, action: Action) -> Preview:
        """What exactly will happen. Outside a transaction, likewise."""
        return Preview()

    def editable(self, args: Args) -> tuple[str, ...]:
        """The arguments that a person may change before they approve; each is text or a list of people."""
        return ()

    def lock(self, action: Action) -> None:  # noqa: B027  most need none
        """Inside the transaction that performs it, first: the locks under which `version` holds until commit."""

    def ready(self, member: Member, action: Action) -> Callable[[], Inverse | None]:
        """Outside any transaction: do what takes the network or long, and return what performs it inside one.

        What it does is repeated after a crash, so it happens under a name that follows from the action.
        """
        return partial(self.perform, member, action)

    def abandon(self, member: Member, action: Action) -> None:  # noqa: B027  most do nothing before
        """Outside any transaction: take back what `ready` did; the action was not performed and will not be."""

    @abstractmethod
    def perform(self, member: Member, action: Action) -> Inverse | None:
        """Inside a transaction: the same command that a click makes. Returns what undoes it, None when nothing can."""

    @abstractmethod
    def undo(self, member: Member, action: Action) -> None:
        """Inside a transaction: apply the action's inverse. Raises a Problem that says why not."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called from an application's `ready`."""
    _kinds[kind.name] = kind


def kind(name: str) -> Kind:
    """The kind of that name. Raises KeyError."""
    return _kinds[name]


def names() -> list[str]:
    """Every kind that is known."""
    return sorted(_kinds)


def key_of(action: Action, what: str = "do") -> str:
    """The idempotency key of an action's ordinary command: the same however often it is tried."""
    return str(uuid5(action.pk, what))


def maybe_id(args: Mapping[str, Any], name: str) -> UUID | None:
    """An id among arguments, None when it is left out. Raises the 422 problem that names it."""
    return None if args.get(name) is None else read_id(args, name)


def read_id(args: Mapping[str, Any], name: str) -> UUID:
    """An id among arguments, likewise."""
    value = args.get(name)
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise bad(name, f"`{name}` must be an id.") from None


def bad(name: str, sentence: str, code: str = "bad_arguments") -> Problem:
    """The 422 problem that names an argument."""
    return Problem(422, code, sentence, errors={name: [sentence]})


def of_account(row_account: UUID, account: ProviderAccount, name: str) -> None:
    """Raise the 422 problem when something lies in another account than the action is about."""
    if row_account != account.pk:
        raise bad(name, f"`{name}` names something of another account.")
