"""What the gateway asks the database. Each question is one synchronous function in threads of its own.

The gateway's event loop touches no ORM: a coroutine that did would read on another thread's
connection, on whatever tenant that one stands.
"""

import functools
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

import orjson
from channels.db import database_sync_to_async

from apps.tenants import context
from apps.users import members
from apps.users.authentication import authenticate_socket, still_valid
from apps.users.members import Member

from . import journal, orders, visibility
from .frames import NOT_YOURS, WHO_ARE_YOU

# Apart, so that a thousand people who reconnect at once do not hold up what happens now.
_reading: Final = ThreadPoolExecutor(max_workers=6, thread_name_prefix="gateway-read")
_ordering: Final = ThreadPoolExecutor(max_workers=6, thread_name_prefix="gateway-order")
_greeting: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="gateway-greet")

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def _in(
    executor: ThreadPoolExecutor, question: Callable[Asked, Answer]
) -> Callable[Asked, Coroutine[Any, Any, Answer]]:
    return functools.wraps(question)(database_sync_to_async(question, thread_sensitive=False, executor=executor))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may see now, or the close code that ends their socket."""

    accounts: frozenset[UUID]
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer to a hello: who it is, what they may see, and where their frames begin.

    `reset` when the journal cannot tell what followed the number they came with: pruned, or never
    given out. `head` is the journal's end at that moment.
    """

    member: Member
    standing: Standing
    start: int
    head: int
    reset: bool


@dataclass(frozen=True, slots=True)
class Look:
    """A page of the journal, and how the people asked about stand: never older than the page."""

    page: journal.Page
    standings: dict[Member, Standing]


@functools.partial(_in, _greeting)
def greet(token: str, since: int | None) -> Greeting | None:
    """Greet who says hello; None when the token opens nothing.

    Raises TenantClosed for a tenant that may not be worked on.
    """
    member = authenticate_socket(token)
    if member is None:
        return None
    with context.open(member.tenant):
        pruned_to, head = journal.bounds()
        standing = Standing(visibility.accounts_visible_to(member))
    start = head if since is None else since
    if pruned_to <= start <= head:
        return Greeting(member, standing, start, head, reset=False)
    return Greeting(member, standing, head, head, reset=True)


@functools.partial(_in, _greeting)
def identify(token: str) -> Member | None:
    """Whom a renewed token stands for."""
    return authenticate_socket(token)


@functools.partial(_in, _ordering)
def order(member: Member, key: Any, body: Any) -> dict[str, Any]:
    """Carry out what a person orders over their socket; the frame that answers it."""
    return orders.carry_out(member, key, body)


@functools.partial(_in, _reading)
def look(tenant_id: UUID, after: int, limit: int, everyone: frozenset[Member], doubtful: frozenset[Member]) -> Look:
    """A page of the journal, and how the doubtful stand; everyone, when the page tells of an account's standing.

    The page is read first: whoever lost access before an event of it is seen without that access.
    Raises TenantClosed for a tenant that may not be worked on.
    """
    with context.open(context.get(tenant_id)):
        page = journal.page(after, limit)
        asked = everyone if changes_access(page.entries) else doubtful
        return Look(page, {member: _standing(member) for member in asked})


def changes_access(entries: Iterable[journal.Entry]) -> bool:
    """True when an entry says that an account came, went or changed hands; mere progress does not."""
    return any(
        entry.event == "account:status" and not orjson.loads(entry.data).get("progress", False) for entry in entries
    )


def _standing(member: Member) -> Standing:
    if still_valid(member):
        return Standing(visibility.accounts_visible_to(member))
    # A tenant that was closed after this look began ends everybody's sockets as such, not as a lapsed log-in.
    context.check_open(context.get(member.tenant.id))
    lost = members.of(member.user, member.tenant) is None
    return Standing(frozenset(), NOT_YOURS if lost else WHO_ARE_YOU)
