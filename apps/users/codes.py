"""Codes and links mailed to a person.

A code is derived: HMAC-SHA256 over its row's id, under a key that never leaves the process. So the
task that mails it needs only the id, a task delivered twice mails the same code, no code is ever in
the database, in Redis or in a task's arguments, and a copy of the database opens nothing. The row
decides everything else, under its lock and by the database's clock: how long the code lives, how
many tries are left, whether it was used.

For an address that nobody has, a row is made, counted and tried in the same way; it only never fits.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from . import limits, signing, tokens
from .models import OneTimeCode, Session, User
from .sessions import Device

Purpose = OneTimeCode.Purpose

DIGITS: Final = 6
TRIES: Final = 5
LIFE: Final = {
    Purpose.SIGN_IN: timedelta(minutes=10),
    Purpose.SECOND_STEP: timedelta(minutes=10),
    Purpose.RESET: timedelta(hours=1),
    Purpose.INVITATION: timedelta(days=3),
}
LINKS: Final = (Purpose.RESET, Purpose.INVITATION)
KEY_PURPOSE: Final = "one-time codes"
ADDRESS_PURPOSE: Final = "addresses of codes"
# Codes a day for one person's address from places they never signed in from: five tries at each of
# a million codes leave a stranger one chance in 6,600 a day; owners at known places are not counted.
DAILY: Final = 30
KNOWN_FOR: Final = timedelta(days=90)
# Rows stay for a day after they lapse, because they are counted.
KEPT: Final = timedelta(days=1)


class InvalidCode(Exception):
    """Wrong, used, lapsed, tried too often, or somebody else's: the answer is the same."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Whom a code or link proved, and what it was for."""

    user: User
    purpose: str
    code_id: UUID


def request(email: str, purpose: Purpose, device: Device) -> OneTimeCode:
    """Make a code for the person with this address, or one that never fits when there is none.

    Counts the request in PostgreSQL; raises the problem `rate_limited` beyond the day's limit.
    """
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    address = _address_digest(email)
    if not known_place(user, device) and _today(address) >= DAILY:
        raise limits.too_many(3600)
    return make(user, purpose, device, address)


def make(user: User | None, purpose: Purpose, device: Device, address: bytes | None = None) -> OneTimeCode:
    """A code's row. Nothing is mailed yet: `tasks.post_code` does that."""
    return OneTimeCode.objects.create(
        user=user,
        purpose=purpose,
        key_id=signing.newest(KEY_PURPOSE).id,
        address_digest=address or _address_digest(user.email if user else ""),
        ip=device.ip,
        tries_left=TRIES,
        expires_at=tokens.database_now() + LIFE[purpose],
    )


def known_place(user: User | None, device: Device) -> bool:
    """Whether the person signed in from this network address before. One query, also for nobody."""
    since = Now() - KNOWN_FOR
    person = user.pk if user else UUID(int=0)
    return Session.objects.filter(user_id=person, ip=device.ip, created_at__gt=since).exists()


def _today(address: bytes) -> int:
    return OneTimeCode.objects.filter(address_digest=address, created_at__gt=Now() - timedelta(days=1)).count()


def _address_digest(email: str) -> bytes:
    return signing.newest(ADDRESS_PURPOSE).mac(email.strip().lower())


def digits(code: OneTimeCode) -> str | None:
    """The code as the person types it; None once the key that made it is no longer listed."""
    mac = _mac(code)
    return f"{int.from_bytes(mac[:8], 'big') % 10**DIGITS:0{DIGITS}d}" if mac else None


def link_token(code: OneTimeCode) -> str | None:
    """The token of a mailed link: the row's id and 256 derived bits."""
    mac = _mac(code)
    return f"{code.pk.hex}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}" if mac else None


def _mac(code: OneTimeCode) -> bytes | None:
    key = signing.ring(KEY_PURPOSE).get(code.key_id)
    return key.mac(f"{code.purpose}:{code.pk}") if key else None


def verify(challenge: UUID, typed: str) -> Proof:
    """Redeem a typed code. Raises InvalidCode; the try is counted whatever happens next.

    The row lock makes a hundred parallel guesses queue up for five tries, and two right ones for
    one success.
    """
    with transaction.atomic():
        code = _open_row(challenge, (Purpose.SIGN_IN, Purpose.SECOND_STEP))
        proof = _redeem(code, digits(code), typed.strip().replace(" ", "")) if code else None
    if proof is None:
        raise InvalidCode
    return proof


def verify_link(token: str) -> Proof:
    """Redeem a mailed link's token. Raises InvalidCode."""
    with transaction.atomic():
        code = _row_of_link(token)
        proof = _redeem(code, link_token(code), token) if code else None
    if proof is None:
        raise InvalidCode
    return proof


def peek_link(token: str) -> User | None:
    """Whose link this is, without using it up: to judge a new password before it is redeemed."""
    with transaction.atomic():
        code = _row_of_link(token)
        fits = code is not None and hmac.compare_digest((link_token(code) or "").encode(), token.encode())
    return code.user if code and fits else None


def _row_of_link(token: str) -> OneTimeCode | None:
    try:
        return _open_row(UUID(hex=token.partition(".")[0]), LINKS)
    except ValueError:
        return None


def _open_row(code_id: UUID, purposes: tuple[Purpose, ...]) -> OneTimeCode | None:
    return (
        OneTimeCode.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=code_id, purpose__in=purposes, used_at=None, expires_at__gt=Now(), tries_left__gt=0)
        .first()
    )


def _redeem(code: OneTimeCode, expected: str | None, typed: str) -> Proof | None:
    fits = hmac.compare_digest((expected or "").encode(), typed.encode()) and bool(expected)
    code.tries_left -= 1
    user = code.user
    # Who asked for two steps is not let in by one: their code opens the second step only.
    alone = code.purpose == Purpose.SIGN_IN and user is not None and user.two_step
    if not fits or user is None or not user.is_active or alone:
        code.save(update_fields=["tries_left"])
        return None
    # One success closes every other code of the same kind: none lies around in the mailbox.
    OneTimeCode.objects.filter(user=user, purpose=code.purpose, used_at=None).update(used_at=Now())
    return Proof(user, code.purpose, code.pk)


def sweep() -> int:
    """Remove rows that nothing counts any more; return how many."""
    return OneTimeCode.objects.filter(expires_at__lt=Now() - KEPT).delete()[0]
