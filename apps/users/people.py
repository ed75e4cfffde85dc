"""People and their memberships: created, joined, changed, removed. Commands, admin and API call these."""

import functools
import unicodedata
import zoneinfo
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.core.problems import Problem
from apps.tenants.models import Tenant

from . import codes, emails, passwords, sessions, tasks
from .models import Membership, OneTimeCode, Role, Session, User

LOCALES: Final = ("en", "it")


class PersonRefused(ValidationError):
    """The person cannot be created or changed like this; the message says why."""


def find(email: str) -> User | None:
    """The active person with this address, whatever its case."""
    return User.objects.filter(email=email.strip().lower(), is_active=True).first()


def create_person(
    email: str,
    name: str = "",
    password: str | None = None,
    *,
    locale: str = "en",
    timezone: str = "UTC",
    is_staff: bool = False,
) -> User:
    """A new person. Without a password they set one by a mailed link, or sign in by code.

    Raises PersonRefused (address taken or malformed, unknown zone or locale, password too weak).
    """
    address = unicodedata.normalize("NFC", email.strip().lower())
    try:
        validate_email(address)
    except ValidationError:
        raise PersonRefused(f"{email!r} is not an e-mail address.") from None
    check_locale(locale)
    check_timezone(timezone)
    user = User(email=address, name=name.strip(), locale=locale, timezone=timezone)
    user.is_staff = user.is_superuser = is_staff
    if password is not None:
        passwords.StrengthValidator().validate(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise PersonRefused(f"{address} is the address of somebody already.") from None
    return user


def check_locale(locale: str) -> None:
    """Raise PersonRefused unless the language is one we speak."""
    if locale not in LOCALES:
        raise PersonRefused(f"{locale!r} is not a language we speak; choose one of {', '.join(LOCALES)}.")


def check_timezone(timezone: str) -> None:
    """Raise PersonRefused unless the zone is in the time zone database."""
    if timezone not in _zones():
        raise PersonRefused(f"{timezone!r} is not a time zone; write it like Europe/Rome.")


@functools.cache
def _zones() -> frozenset[str]:
    """Every zone of the database: reading their names takes tens of milliseconds."""
    return frozenset(zoneinfo.available_timezones())


def join(tenant: Tenant, user: User, role: Role = Role.MEMBER) -> Membership:
    """Make the person a member in this role; again with another role changes it.

    Raises PersonRefused where that would leave the company without an owner.
    """
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(tenant, user)
        return Membership.objects.update_or_create(user=user, tenant=tenant, defaults={"role": role})[0]


def _keep_an_owner(tenant: Tenant, leaving: User) -> None:
    owners = Membership.objects.select_for_update().filter(tenant=tenant, role=Role.OWNER)
    if [row.user_id for row in owners] == [leaving.pk]:
        raise PersonRefused("A company needs an owner; make somebody else one first.")


def leave(tenant: Tenant, user: User) -> None:
    """End the membership and the person's sessions in this tenant. Raises PersonRefused for the last owner."""
    with transaction.atomic():
        _keep_an_owner(tenant, user)
        Membership.objects.filter(user=user, tenant=tenant).delete()
        sessions.end(sessions.live(user).filter(tenant=tenant), "membership gone")


@dataclass(frozen=True, slots=True)
class Changes:
    """What a person changes about themselves; None leaves it."""

    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    two_step: bool | None = None


def change(user: User, changes: Changes) -> None:
    """Change a person's own settings. Raises PersonRefused for an unknown zone or language."""
    if changes.locale is not None:
        check_locale(changes.locale)
    if changes.timezone is not None:
        check_timezone(changes.timezone)
    given = {field: value for field, value in asdict(changes).items() if value is not None}
    for field, value in given.items():
        setattr(user, field, value)
    user.save(update_fields=list(given))


def check_strength(password: str, user: User, *, field: str = "password") -> None:
    """Raise the problem weak_password, with sentences in the person's language below `field`."""
    try:
        passwords.StrengthValidator().validate(password, user)
    except ValidationError as weak:
        raise Problem(400, "weak_password", weak.messages[0], errors={field: weak.messages}) from None


def set_password(user: User, password: str, *, keep: UUID | None = None) -> None:
    """Store a new password, end the person's sessions but `keep`, void mailed links, and tell them by mail."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        others: list[Session] = list(sessions.live(user).exclude(pk=keep or UUID(int=0)))
        sessions.end(others, "password changed")
        OneTimeCode.objects.filter(user=user, used_at=None).update(used_at=Now())
        tasks.post_notice(user, "password_changed")


def invite(user: User) -> str:
    """Mail the person a link to set their first password; return the link, for an operator to hand over."""
    code = codes.make(user, OneTimeCode.Purpose.INVITATION, sessions.Device(None))
    tasks.post_invitation(code)
    return emails.link(code)
