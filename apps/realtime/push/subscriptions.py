"""The devices of a tenant's people that are pushed to, with their keys sealed, for as long as their session lasts."""

from base64 import urlsafe_b64decode
from binascii import Error as BadBase64
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from apps.core import crypto
from apps.core.problems import Problem
from apps.tenants import context, keys
from apps.users import members
from apps.users.members import Member
from apps.users.models import Session, User

from ..models import PushSubscription
from . import vapid
from .encryption import POINT_BYTES, BadKeys, ClientKeys

MOST: Final = 20
"""Devices of one person in one company: each is a request to somebody's server for every message."""

HOPELESS: Final = 20
"""Failures in a row after which a device is forgotten; it asks anew when PMSync is opened there."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a browser asks for. `key` is the public VAPID key it subscribed with."""

    endpoint: str = field(repr=False)
    keys: ClientKeys
    language: str
    key: str


def client_keys(p256dh: str, auth: str) -> ClientKeys:
    """The keys of `PushSubscription.toJSON()`, base64url with or without padding. Raises BadKeys."""
    return ClientKeys(_decoded("p256dh", p256dh), _decoded("auth", auth))


def _decoded(name: str, text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BadBase64, ValueError):
        raise BadKeys(f"{name} is not base64url") from None


def subscribe(member: Member, wish: Wish) -> PushSubscription:
    """Push to this device from now on. The same endpoint again replaces what was known of it, whoever had it.

    Raises the problems push_key_changed and too_many_devices.
    """
    key = vapid.by_public(wish.key)
    if key is None:
        detail = "The installation's key has changed. Load the page again and turn notifications on once more."
        raise Problem(409, "push_key_changed", detail)
    with transaction.atomic():
        row = PushSubscription.objects.select_for_update().filter(endpoint=wish.endpoint).first()
        others = PushSubscription.objects.filter(user_id=member.user_id).exclude(endpoint=wish.endpoint)
        if others.count() >= MOST:
            detail = f"{MOST} of your devices are notified already. Turn it off on one of them, or sign it out."
            raise Problem(409, "too_many_devices", detail)
        row = row or PushSubscription(endpoint=wish.endpoint)
        row.user_id, row.session_id = member.user_id, member.device
        row.key_id, row.language, row.failures = key.id, wish.language, 0
        row.keys = crypto.seal(keys.newest(context.current()), wish.keys.p256dh + wish.keys.auth, _context(row))
        row.save()
    return row


def unsubscribe(member: Member, endpoint: str) -> None:
    """Push to this device of the person no more; nothing happens for an endpoint that is not theirs."""
    PushSubscription.objects.filter(user_id=member.user_id, endpoint=endpoint).delete()


def keys_of(row: PushSubscription) -> ClientKeys:
    """The browser's keys. Raises SealBroken or UnknownKey; neither message holds a secret."""
    plain = crypto.unseal(keys.all_of(context.current()), bytes(row.keys), _context(row))
    return ClientKeys(plain[:POINT_BYTES], plain[POINT_BYTES:])


def _context(row: PushSubscription) -> str:
    return f"push:{row.pk}"


def anybody() -> bool:
    """Whether anybody in the tenant is pushed to; one query."""
    return PushSubscription.objects.exists()


def of_people(user_ids: Collection[UUID]) -> list[UUID]:
    """The subscriptions of these people whose session still lasts."""
    return list(_lasting().filter(user_id__in=list(user_ids)).values_list("pk", flat=True))


def stands(subscription_id: UUID) -> tuple[PushSubscription, Member] | None:
    """One subscription and whose it is; None when it, its session or the membership is gone."""
    row = _lasting().filter(pk=subscription_id).first()
    user = User.objects.filter(pk=row.user_id).first() if row else None
    member = members.of(user, context.current(), row.session_id) if row and user else None
    return (row, member) if row and member else None


def _lasting() -> QuerySet[PushSubscription]:
    session = Session.objects.filter(
        pk=OuterRef("session_id"), user_id=OuterRef("user_id"), revoked_at=None, expires_at__gt=Now()
    )
    return PushSubscription.objects.filter(Exists(session), key_id__in=[key.id for key in settings.PMSYNC_MASTER_KEYS])


def accepted(row: PushSubscription) -> None:
    """The push service took a message."""
    PushSubscription.objects.filter(pk=row.pk).update(last_ok_at=Now(), failures=0)


def failed(row: PushSubscription) -> bool:
    """A message could not be pushed. True when that was once too often, and the device is forgotten."""
    PushSubscription.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    return bool(PushSubscription.objects.filter(pk=row.pk, failures__gte=HOPELESS).delete()[0])


def forget(row: PushSubscription) -> None:
    """The push service says that the browser unsubscribed."""
    PushSubscription.objects.filter(pk=row.pk).delete()


def end_sessions(session_ids: Iterable[UUID]) -> None:
    """Push to these devices no more; the tenant is open."""
    PushSubscription.objects.filter(session_id__in=list(session_ids)).delete()


def sweep() -> int:
    """Remove those that are pushed to no more, session over or key no longer listed; how many."""
    everything = set(PushSubscription.objects.values_list("pk", flat=True))
    over = everything - set(_lasting().values_list("pk", flat=True))  # asked last: a new one is in neither or in both
    return PushSubscription.objects.filter(pk__in=over).delete()[0] if over else 0
