"""Finding the route that a notification belongs to, and the secret by which it is known.

Nothing secret is stored: the secret of a route follows from its id and the installation's secret key, and its
SHA-256 finds the row. A former key that is still listed is accepted; a route whose secret came from it is
subscribed anew when it is due.
"""

import base64
import hashlib
import secrets
from collections.abc import Collection
from uuid import UUID

from apps.users import signing

from .models import PushRoute

PURPOSE = "push"


def secret_of(route_id: UUID) -> str:
    """The secret that a new subscription of the route is given: 43 characters, within every provider's limit."""
    return _secret(signing.newest(PURPOSE), route_id)


def digest(text: str) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def address_digest(address: str) -> str:
    """What stands for an account's address, under the newest key."""
    return _keyed(signing.newest(PURPOSE), "address", address.strip().lower())


def part_digest(name: str) -> str:
    """What stands for a part of a surface, under the newest key."""
    return _keyed(signing.newest(PURPOSE), "part", name)


def part_digests(names: Collection[str]) -> dict[str, str]:
    """The names by all that may stand for them, former keys included."""
    return {_keyed(key, "part", name): name for key in signing.ring(PURPOSE).values() for name in names}


def of_secrets(provider_type: str, given: Collection[str]) -> dict[str, PushRoute]:
    """The routes of these secrets, by secret. Whoever does not know one finds nothing."""
    named = {digest(text): text for text in given if text}
    rows = PushRoute.objects.filter(provider_type=provider_type, token__in=named, is_ending=False)
    return {named[row.token]: row for row in rows if _known(row.pk, named[row.token])}


def of_address(provider_type: str, address: str) -> list[PushRoute]:
    """The routes whose notifications name this address: as many as people connected it."""
    text = address.strip().lower()
    digests = [_keyed(key, "address", text) for key in signing.ring(PURPOSE).values()]
    return list(PushRoute.objects.filter(provider_type=provider_type, token__in=digests, is_ending=False))


def _known(route_id: UUID, given: str) -> bool:
    """Whether this is the route's secret under a key that is still listed, compared in constant time with each."""
    told = given.encode(errors="replace")
    same = [
        secrets.compare_digest(_secret(key, route_id).encode(), told) for key in signing.ring(PURPOSE).values()
    ]  # fmt: skip
    return any(same)


def _secret(key: signing.SigningKey, route_id: UUID) -> str:
    return base64.urlsafe_b64encode(key.mac(f"secret:{route_id}")).rstrip(b"=").decode()


def _keyed(key: signing.SigningKey, what: str, text: str) -> str:
    return key.mac(f"{what}:{text}").hex()
