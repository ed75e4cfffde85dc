"""The one place that turns a proof (password, code, refresh token) into a session.

Everything a stranger can try answers the same for a person who exists and for one who does not:
same status, same words, same work done, argon2 included.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.contrib.auth.models import update_last_login
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.problems import Problem, not_found
from apps.tenants.models import Status, Tenant

from . import codes, limits, members, passwords, people, sessions, tasks, tokens
from .limits import Bucket
from .members import Member
from .models import OneTimeCode, Session, User
from .sessions import Device, Grant, SessionEnded

log = structlog.get_logger(__name__)

# A tenant's last sign-in decides its tier (mission M035); writing it more often would tell no more.
SEEN_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session begun or renewed, as the person's device receives it."""

    member: Member
    access: str
    refresh: str
    expires_in: int

    def __repr__(self) -> str:
        return f"SignedIn({self.member.session_id})"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code was mailed; it must be typed to go on."""

    id: UUID
    channel: str = "email"


def by_password(email: str, password: str, device: Device, slug: str | None) -> SignedIn | Challenge:
    """Sign in by password. A person with two steps gets a Challenge.

    Raises the problems of `prove_password`, and not_found for a tenant that is not theirs.
    """
    user = prove_password(email, password, device)
    return second_step(user, device) if user.two_step else _begin(user, device, slug)


def prove_password(email: str, password: str, device: Device) -> User:
    """The person whose password this is. Raises the problems invalid_credentials, rate_limited, try_later."""
    user = people.find(email)
    pair = Bucket(limits.LOGIN_PAIR, f"{email.strip().lower()} {device.ip}")
    buckets = [pair, Bucket(limits.LOGIN_ADDRESS, str(device.ip))]
    if not codes.known_place(user, device):
        buckets.append(Bucket(limits.LOGIN_ACCOUNT, email.strip().lower()))
    limits.require(*buckets)
    if not passwords.verify(user, password):
        log.info("sign-in refused")
        raise Problem(401, "invalid_credentials", "This address and password do not belong together.")
    assert user is not None  # verify refuses nobody
    limits.forgive(pair)
    return user


def second_step(user: User, device: Device) -> Challenge:
    """Mail the code that must follow a password. Raises the problems rate_limited, try_later."""
    limits.require(Bucket(limits.CODE_PAIR, f"{user.email} {device.ip}"))
    code = codes.request(user.email, OneTimeCode.Purpose.SECOND_STEP, device)
    tasks.post_code(code)
    return Challenge(code.pk)


def request_code(email: str, device: Device) -> Challenge:
    """Mail a sign-in code if the person exists; look and cost the same if not."""
    _may_be_mailed(email, device)
    code = codes.request(email, OneTimeCode.Purpose.SIGN_IN, device)
    tasks.post_code(code)
    return Challenge(code.pk)


def request_reset(email: str, device: Device) -> None:
    """Mail a link to set a new password if the person exists; look and cost the same if not."""
    _may_be_mailed(email, device)
    tasks.post_code(codes.request(email, OneTimeCode.Purpose.RESET, device))


def _may_be_mailed(email: str, device: Device) -> None:
    account = email.strip().lower()
    buckets = [Bucket(limits.CODE_PAIR, f"{account} {device.ip}"), Bucket(limits.CODE_ADDRESS, str(device.ip))]
    if not codes.known_place(people.find(email), device):
        buckets.append(Bucket(limits.CODE_ACCOUNT, account))
    limits.require(*buckets)


def by_code(challenge: UUID, typed: str, device: Device, slug: str | None) -> SignedIn:
    """Sign in by a mailed code. Raises the problems invalid_code, rate_limited, not_found."""
    _slow_guessing(device)
    try:
        proof = codes.verify(challenge, typed)
    except codes.InvalidCode:
        detail = "This code is wrong or too old. Check it, or ask for a new one."
        raise Problem(401, "invalid_code", detail) from None
    return _begin(proof.user, device, slug)


def by_refresh(refresh: str, device: Device) -> SignedIn:
    """Renew a session. Raises the problem session_ended."""
    try:
        grant = sessions.rotate(refresh)
    except SessionEnded:
        raise session_ended() from None
    member = members.of(grant.session.user, grant.session.tenant, grant.session.pk)
    if member is None:
        sessions.end([grant.session], "membership gone")
        raise session_ended()
    _seen(grant.session.tenant)
    return _signed_in(member, grant)


def switch(member: Member, slug: str, device: Device) -> SignedIn:
    """Go on in another tenant of the same person. Raises the problems not_found, session_ended."""
    tenant = _chosen(member.user, slug)
    try:
        grant = sessions.move(member.device, tenant, device)
    except SessionEnded:
        raise session_ended() from None
    return _entered(member.user, grant)


def set_password_by_link(token: str, password: str, device: Device) -> None:
    """Set a password by a mailed link and end every session. Raises invalid_token, weak_password."""
    _slow_guessing(device)
    user = codes.peek_link(token)
    if user is None:
        raise _invalid_link()
    people.check_strength(password, user)
    try:
        codes.verify_link(token)
    except codes.InvalidCode:
        raise _invalid_link() from None
    people.set_password(user, password)
    limits.forgive(Bucket(limits.LOGIN_PAIR, f"{user.email} {device.ip}"))


def change_password(member: Member, current: str, fresh: str) -> None:
    """Change the person's password and end their other sessions. Raises invalid_credentials, weak_password."""
    limits.require(Bucket(limits.PASSWORD_PERSON, str(member.user_id)))
    if not passwords.verify(member.user, current):
        raise Problem(
            403, "invalid_credentials", "The current password is wrong.", errors={"current": ["This is not it."]}
        )
    people.check_strength(fresh, member.user, field="new")
    people.set_password(member.user, fresh, keep=member.device)


def session_ended() -> Problem:
    """The 401 that sends a device to the sign-in page."""
    return Problem(401, "session_ended", "Your session has ended. Sign in again.")


def _invalid_link() -> Problem:
    return Problem(401, "invalid_token", "This link is no longer valid. Ask for a new one.")


def _slow_guessing(device: Device) -> None:
    """Slow an address down. Without Redis the tries counted in each code's row still hold."""
    try:
        wait = limits.wait_for([Bucket(limits.VERIFY_ADDRESS, str(device.ip))])
    except limits.LimitsAway:
        return
    if wait:
        raise limits.too_many(wait)


def _begin(user: User, device: Device, slug: str | None) -> SignedIn:
    tenant = _chosen(user, slug) if slug else _preferred(user)
    update_last_login(User, user)
    return _entered(user, sessions.start(user, tenant, device))


def _entered(user: User, grant: Grant) -> SignedIn:
    member = members.of(user, grant.session.tenant, grant.session.pk)
    if member is None:  # the membership went away between choosing and entering
        sessions.end([grant.session], "membership gone")
        raise not_found("company")
    _seen(grant.session.tenant)
    log.info("signed in", session=str(grant.session.pk))
    return _signed_in(member, grant)


def _signed_in(member: Member, grant: Grant) -> SignedIn:
    access = tokens.issue(member.user_id, member.tenant.pk, grant.session.pk, grant.now)
    return SignedIn(member, access, grant.refresh, int(tokens.LIFE.total_seconds()))


def _chosen(user: User, slug: str) -> Tenant:
    tenant = Tenant.objects.filter(slug=slug, memberships__user=user).first()
    if tenant is None:
        raise not_found("company")
    return tenant


def _preferred(user: User) -> Tenant:
    """The tenant the person was in last, else the first they joined; one that can be used goes first."""
    joined = list(Tenant.objects.filter(memberships__user=user).order_by("memberships__created_at"))
    if not joined:
        raise Problem(403, "no_tenant", "You belong to no company yet. Ask an administrator to add you.")
    last = Session.objects.filter(user=user).order_by("-last_seen_at").values_list("tenant_id", flat=True).first()
    return min(joined, key=lambda tenant: (tenant.status != Status.ACTIVE, tenant.pk != last))


def _seen(tenant: Tenant) -> None:
    stale = Q(last_login_at=None) | Q(last_login_at__lt=Now() - SEEN_EVERY)
    Tenant.objects.filter(stale, pk=tenant.pk).update(last_login_at=Now())
