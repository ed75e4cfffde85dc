"""A person's consent at their provider: from our button to their sign-in page and back, then the account.

 begin ──▶ the attempt, sealed, in Redis for ten minutes; a cookie in the browser that began it
   │ the provider's page
   ▼
 finish ─▶ taken out once · same browser · same person, still signed in · code exchanged · account made or mended

The attempt is found by its state alone (RFC 6749 section 10.12), and serves only the browser that has the cookie: a
state that somebody else got hold of connects nothing.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

from apps.core import crypto
from apps.core import redis as shared
from apps.core.clock import now
from apps.core.problems import Problem
from apps.realtime import journal
from apps.tenants import context, keys
from apps.tenants.models import Tenant
from apps.users import members, sessions
from apps.users.members import Member
from apps.users.models import User

from . import access, accounts, clouds, connect, signals, tokens
from .adapters.errors import AdapterError, ConsentMissing, PermissionMissing, Transient
from .clouds import Cloud, Granted, Surface, Unconfigured
from .models import AccountStatus, OAuthGrant, ProviderAccount

log = structlog.get_logger(__name__)

LIFE: Final = 600
"""Seconds for the way to the provider and back."""
HELD: Final = 60
ANSWER_MOST: Final = 8192
"""Characters of what a provider sends back."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the person goes, and the secret that their browser brings back."""

    url: str = field(repr=False)
    browser: str = field(repr=False)


class ConsentFailed(Exception):
    """The way ended without an account. `code` names a sentence of the client's, `said` is the provider's own."""

    def __init__(self, code: str, *, said: str = "", account_id: str = "") -> None:
        super().__init__(code)
        self.code, self.said, self.account_id = code, said, account_id


@dataclass(frozen=True, slots=True)
class _Attempt:
    user: str
    session: str
    provider: str
    account: str
    browser: str
    kept: Mapping[str, Any] = field(repr=False)


def redirect_uri(cloud: Cloud) -> str:
    """The address that must be registered with the provider."""
    return f"{settings.PMSYNC_PUBLIC_URL}/oauth/{cloud.name}/callback"


def begin(
    member: Member, provider: str, surfaces: Collection[Surface], account_id: UUID | None = None, hint: str = ""
) -> Begun:
    """Begin a consent for a new account, or for one of the person's own: to mend it, or to connect more of it.

    Raises the problems `provider_off` (409), `invalid` (400), `try_later` (503), the 404 for an account not theirs.
    """
    cloud = _cloud(provider)
    account = access.own_to_change(member, account_id) if account_id else None
    if account is not None and account.provider_type != cloud.name:
        raise Problem(400, "invalid", f"This account is not one of {cloud.title}.")
    wanted = set(surfaces) | ({Surface(name) for name in account.settings["surfaces"]} if account else set())
    if not wanted:
        raise Problem(400, "invalid", "Choose what to connect: mail, calendars or contacts.")
    grant = OAuthGrant.objects.filter(account=account).first() if account else None
    try:
        asked = cloud.begin(
            [surface for surface in Surface if surface in wanted],
            redirect_uri(cloud),
            hint=account.address if account else hint,
            claims=grant.claims if grant else "",
        )
    except AdapterError as error:
        log.warning("consent not begun", provider=provider, reason=error.reason)
        raise _later() from None
    browser = secrets.token_urlsafe(32)
    attempt = {
        "user": str(member.user_id),
        "session": str(member.device),
        "provider": cloud.name,
        "account": str(account.pk) if account else "",
        "browser": _digest(browser),
        "kept": dict(asked.kept),
    }
    sealed = crypto.seal(keys.newest(context.current()), json.dumps(attempt).encode(), _key(asked.state))
    try:
        shared.client().set(_key(asked.state), f"{context.current().pk}:{sealed.hex()}", ex=LIFE)
    except redis.RedisError:
        raise _later() from None
    return Begun(asked.url, browser)


def finish(provider: str, answer: Mapping[str, str], browser: str) -> ProviderAccount:
    """Take the answer of a provider. Returns the account; raises ConsentFailed, and nothing has changed then."""
    if sum(map(len, answer.values())) > ANSWER_MOST:
        raise ConsentFailed("stale")
    tenant, sealed = _taken(answer.get("state", ""))
    try:
        with context.open(tenant):
            plain = crypto.unseal(keys.all_of(tenant), sealed, _key(answer["state"]))
            return _finish(_Attempt(**json.loads(plain)), provider, answer, browser)
    except (context.TenantClosed, crypto.SealBroken, crypto.UnknownKey):
        raise ConsentFailed("stale") from None


def hold(answer: Mapping[str, str]) -> str:
    """Keep an answer for a minute; it is opened by the ticket alone. Raises ConsentFailed."""
    ticket = secrets.token_urlsafe(32)
    plain = json.dumps(dict(answer)).encode()
    if len(plain) > ANSWER_MOST:
        raise ConsentFailed("stale")
    try:
        shared.client().set(_key(ticket), crypto.seal(_ticket_key(ticket), plain, "answer").hex(), ex=HELD)
    except redis.RedisError:
        raise ConsentFailed("try_later") from None
    return ticket


def held(query: Mapping[str, str]) -> Mapping[str, str]:
    """The answer in a query: said there, or kept under its ticket, once. Raises ConsentFailed."""
    ticket = query.get("ticket")
    if ticket is None:
        return query
    try:
        found = shared.client().getdel(_key(ticket))
    except redis.RedisError:
        raise ConsentFailed("try_later") from None
    if not isinstance(found, str):
        raise ConsentFailed("stale")
    told = json.loads(crypto.unseal({0: _ticket_key(ticket)}, bytes.fromhex(found), "answer"))
    return {str(name): str(value) for name, value in told.items()}


def _ticket_key(ticket: str) -> crypto.DataKey:
    return crypto.DataKey(0, hashlib.sha256(f"key:{ticket}".encode()).digest())


def _finish(attempt: _Attempt, provider: str, answer: Mapping[str, str], browser: str) -> ProviderAccount:
    if attempt.provider != provider or not secrets.compare_digest(_digest(browser), attempt.browser):
        raise ConsentFailed("other_browser")
    member = _member(attempt)
    try:
        cloud = clouds.named(provider)
        granted = cloud.finish(attempt.kept, answer, redirect_uri(cloud))
    except AdapterError as error:
        log.info("consent failed", provider=provider, code=error.code, reason=error.reason)
        raise ConsentFailed(_code(error), said=error.said, account_id=attempt.account) from None
    if not granted.surfaces:
        raise ConsentFailed("nothing_granted", account_id=attempt.account)
    if attempt.account:
        return _mend(member, UUID(attempt.account), granted)
    return _make(member, cloud, granted)


def _member(attempt: _Attempt) -> Member:
    """The person, if they are still signed in on the device that began it. Raises ConsentFailed."""
    user = User.objects.filter(pk=attempt.user).first()
    if user is None or not sessions.live(user).filter(pk=attempt.session).exists():
        raise ConsentFailed("signed_out")
    member = members.of(user, context.current(), UUID(attempt.session))
    if member is None:
        raise ConsentFailed("signed_out")
    return member


def _make(member: Member, cloud: Cloud, granted: Granted) -> ProviderAccount:
    """Connect the account; one that the person has connected already is mended instead."""
    held = access.owned_accounts(member).filter(provider_type=cloud.name, grant__subject=granted.subject).first()
    if held is not None and held.company_id is not None:
        raise ConsentFailed("by_company", account_id=str(held.pk))
    if held is not None:
        return _mend(member, held.pk, granted)
    address = connect.clean_address(granted.address)
    account = ProviderAccount(
        owner_id=member.user_id,
        address=address,
        display_name=granted.name[:200],
        provider_type=cloud.name,
        settings={"surfaces": sorted(granted.surfaces)},
        credentials=b"",
        status=AccountStatus.ACTIVE,
        import_started_at=now() if Surface.MAIL in granted.surfaces else None,
    )
    try:
        connect.begin(member, account, lambda: tokens.keep(account, granted))
    except Problem as problem:
        raise ConsentFailed(problem.code) from None
    log.info("account connected", account=str(account.pk), source=cloud.name)
    return account


def _mend(member: Member, account_id: UUID, granted: Granted) -> ProviderAccount:
    """Give the account its new consent; then it goes on from where it was. Raises ConsentFailed for another's."""
    with transaction.atomic():
        account = access.owned_accounts(member).select_for_update(no_key=True).filter(pk=account_id).first()
        if account is None:
            raise ConsentFailed("account_gone")
        if account.company_id is not None:
            raise ConsentFailed("by_company", account_id=str(account_id))
        grant = OAuthGrant.objects.filter(account=account).first()
        if grant is not None and grant.subject != granted.subject:
            raise ConsentFailed("other_account", said=granted.address, account_id=str(account_id))
        tokens.keep(account, granted)
        account.settings = account.settings | {"surfaces": sorted(granted.surfaces)}
        accounts.go_on(account)
        if Surface.MAIL in granted.surfaces:
            account.import_started_at = account.import_started_at or now()
        account.save()
        signals.account_reconnected.send(ProviderAccount, account=account)
        journal.append([accounts.status_event(account)])
    log.info("account reconnected", account=str(account.pk))
    return account


def _cloud(provider: str) -> Cloud:
    try:
        return clouds.named(provider)
    except Unconfigured:
        detail = "This installation is not registered with that provider. Ask whoever runs it."
        raise Problem(409, "provider_off", detail) from None


def _taken(state: str) -> tuple[Tenant, bytes]:
    """The attempt of a state, which serves once. Raises ConsentFailed."""
    try:
        found = shared.client().getdel(_key(state)) if state else None
    except redis.RedisError:
        raise ConsentFailed("try_later") from None
    if not isinstance(found, str):
        raise ConsentFailed("stale")
    tenant_id, _, sealed = found.partition(":")
    try:
        return context.get(tenant_id), bytes.fromhex(sealed)
    except context.TenantClosed:
        raise ConsentFailed("stale") from None


def _key(state: str) -> str:
    return f"pmsync:consent:{_digest(state)}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _code(error: AdapterError) -> str:
    """Which sentence tells the person."""
    if isinstance(error, ConsentMissing) and error.by_admin:
        return "admin_needed"
    if isinstance(error, PermissionMissing):
        return "declined"
    return "try_later" if isinstance(error, Transient) else "refused"


def _later() -> Problem:
    return Problem(503, "try_later", "The provider cannot be reached at the moment. Try again soon.", retry_after=30)
