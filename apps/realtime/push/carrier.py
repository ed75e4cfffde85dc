"""Who carries a request to a push service: `providers`, which stands above and holds our guarded HTTP, says so here.

Until someone registers, nothing leaves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.core import net


class Unreachable(Exception):
    """There was no answer; the text says why, and names no endpoint."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the push service said: its status, and Retry-After as it stands ("" without one)."""

    status: int
    retry_after: str = ""


Resolve = Callable[[str, int], tuple[str, ...]]
Carry = Callable[[Outgoing, Resolve], Answer]
"""Posts to an address that `resolve` gave and follows no redirect. Raises Unreachable and what `resolve` raises."""


def _nobody(outgoing: Outgoing, resolve: Resolve) -> Answer:
    raise Unreachable("nobody carries push messages here")


_carry: Carry = _nobody


def register(carry: Carry) -> None:
    """Say who carries."""
    global _carry
    _carry = carry


def carry(outgoing: Outgoing, resolve: Resolve) -> Answer:
    """Post. Raises Unreachable, net.HostRefused."""
    try:
        return _carry(outgoing, resolve)
    except net.HostUnknown as error:
        raise Unreachable(str(error)) from None
