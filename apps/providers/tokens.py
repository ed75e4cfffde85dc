"""An account's access token: kept for all workers, and renewed by one of them at a time.

Whoever needs another one takes a lease on the grant's row, asks the provider outside any transaction, and stores what
came: a provider that rotates refresh tokens gives a second caller nothing. The others wait for the row to change.
"""

import json
import threading
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from apps.core import crypto
from apps.core.clock import now
from apps.tenants import context, keys

from . import clouds
from .adapters.errors import (
    AdapterError,
    NeedsReconnect,
    PermissionMissing,
    ProviderDown,
    RateLimited,
    Rejected,
    TokenRefused,
    Transient,
)
from .clouds import Cloud, CompanyKey, Granted, Renewed, Surface
from .grants import holders
from .models import CompanyConnection, OAuthGrant, ProviderAccount

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=45)
"""Longer than a provider takes to answer (`PATIENCE` of the clouds): whoever renews is not overtaken, only outlived."""
WAIT: Final = 50.0
"""Seconds that the others wait."""
LOOK_EVERY: Final = 0.1
FRESH: Final = timedelta(minutes=5)
REFUSALS_MOST: Final = 3
"""Fresh tokens refused in a row, after which only the person can help: single machines refuse good ones for a while."""


@dataclass(frozen=True, slots=True)
class Held:
    """The tokens of a grant. `expires_at` is in seconds since the epoch."""

    refresh: str = field(repr=False)
    access: str = field(repr=False)
    expires_at: float


def keep(account: ProviderAccount, granted: Granted) -> None:
    """Store what a person granted, in the caller's transaction, in place of whatever was held."""
    store(account, granted.subject, granted.tokens)
    holders.write(account, granted.subject)


def store(account: ProviderAccount, subject: str, given: Renewed) -> None:
    """Store an account's first tokens, or others in place of whatever was held, in the caller's transaction."""
    OAuthGrant.objects.update_or_create(
        account=account,
        defaults={
            "subject": subject,
            "sealed": _seal(account, Held(given.refresh, given.access, given.expires_at)),
            "renewed_at": now(),
            "renewing_by": "",
            "renewing_until": None,
            "refusals": 0,
            "claims": "",
        },
    )


def held(account: ProviderAccount) -> Held:
    """What is held. Raises NeedsReconnect when nothing is."""
    row = OAuthGrant.objects.filter(account=account).first()
    if row is None:
        raise NeedsReconnect("the account's consent was never completed")
    return _unseal(account, row)


class AccountTokens:
    """Implements `adapters.base.TokenSource` for one account of the tenant that is open where it is made.

    Adapters ask from threads of their own: the tenant is opened there, and only when the token at hand does not serve.
    """

    def __init__(self, account: ProviderAccount, cloud: Cloud, surfaces: Collection[Surface] | None = None) -> None:
        """For the surfaces that are connected, or for these of an account that has ended."""
        self._account, self._cloud, self._tenant = account, cloud, context.current()
        told = account.settings["surfaces"] if surfaces is None else surfaces
        self._surfaces = [Surface(name) for name in told]
        self._lock = threading.Lock()
        self._kept: Held | None = None
        self._company = account.company
        grant = OAuthGrant.objects.filter(account=account).first() if self._company else None
        self._subject = grant.subject if grant else ""

    @property
    def whom(self) -> str:
        """See `adapters.base.OnBehalf`: for whom the company's application acts by these tokens."""
        return self._cloud.companies.whom(self._subject) if self._company else ""

    @property
    def application(self) -> str:
        """Whose budgets are spent: this installation's registration, or the company's own."""
        return self._company.application if self._company else self._cloud.application

    def token(self, rejected: str = "") -> str:
        """See TokenSource."""
        with self._lock:
            if not _good(self._kept, rejected):
                try:
                    self._kept = self._fetched(rejected)
                except (RateLimited, ProviderDown):
                    raise
                except Transient as passing:
                    raise TokenRefused(passing.reason, said=passing.said, retry_after=passing.retry_after) from None
            assert self._kept is not None
            return self._kept.access

    def _fetched(self, rejected: str) -> Held:
        ours = connection.connection is None
        try:
            with context.open(self._tenant):
                return self._ask(rejected)
        finally:
            if ours:
                connection.close()  # an adapter's own thread would keep it as long as it lives

    def _ask(self, rejected: str) -> Held:
        deadline, me = time.monotonic() + WAIT, uuid.uuid4().hex
        while True:
            row = OAuthGrant.objects.filter(account=self._account).first()
            if row is None:
                raise NeedsReconnect("the account's consent was withdrawn")
            known = _unseal(self._account, row)
            if _good(known, rejected):
                return known
            if self._take(me):
                return self._renew(me, row, known, refused=bool(rejected) and known.access == rejected)
            if time.monotonic() > deadline:
                raise Transient("another worker is renewing the token, and has not come back")
            time.sleep(LOOK_EVERY)

    def _take(self, me: str) -> bool:
        """Take the lease, on the database's clock."""
        free = Q(renewing_until__isnull=True) | Q(renewing_until__lte=Now())
        mine = OAuthGrant.objects.filter(free, account=self._account)
        return bool(mine.update(renewing_by=me, renewing_until=Now() + LEASE))

    def _renew(self, me: str, row: OAuthGrant, known: Held, *, refused: bool) -> Held:
        mine = OAuthGrant.objects.filter(account=self._account, renewing_by=me)
        current = mine.first()
        if current is not None and bytes(current.sealed) != bytes(row.sealed):
            # Somebody was done between the look and the lease.
            mine.update(renewing_by="", renewing_until=None)
            return _unseal(self._account, current)
        again = refused and now() - row.renewed_at < FRESH
        refusals = row.refusals + 1 if again else 0
        try:
            if refusals >= REFUSALS_MOST:
                raise NeedsReconnect("the provider refuses one fresh token after the other")
            given = self._given(row, known)
        except BaseException:
            mine.update(renewing_by="", renewing_until=None)
            raise
        renewed = _after(known, given)
        stored = mine.update(
            sealed=_seal(self._account, renewed), renewed_at=now(), renewing_by="", renewing_until=None,
            refusals=refusals,
        )  # fmt: skip
        if not stored:
            # The person consented anew meanwhile, or the account ended.
            raise Transient("the consent changed while its token was renewed")
        if self._company is None:
            holders.renew(self._account, row.subject)
        log.info("token renewed", account=str(self._account.pk), refused=refused)
        return renewed

    def _given(self, row: OAuthGrant, known: Held) -> Renewed:
        """Another token. A refusal says nothing of the request that it was wanted for, whose adapter would read a
        missing permission or a rejection as its own: the person is asked, or an operator mends the registration."""
        try:
            if self._company is None:
                return self._cloud.renew(known.refresh, self._surfaces)
            # Read anew: the administrator may have given another key since.
            key = company_key(CompanyConnection.objects.get(pk=self._company.pk))
            return self._cloud.companies.mint(key, row.subject, self._account.address, self._surfaces)
        except PermissionMissing as refused:
            raise NeedsReconnect(refused.reason, said=refused.said) from None
        except Rejected as refused:
            raise Transient(refused.reason, said=refused.said) from None


def of(account: ProviderAccount) -> tuple[Cloud, AccountTokens]:
    """The provider of an account that is reached by consent, and its tokens. Raises Unconfigured."""
    cloud = cloud_of(account)
    return cloud, AccountTokens(account, cloud)


def cloud_of(account: ProviderAccount) -> Cloud:
    """The provider of an account that is reached by consent. Raises Unconfigured; a company's accounts need no
    registration of ours."""
    return clouds.known(account.provider_type) if account.company_id else clouds.named(account.provider_type)


def seal_company(connection: CompanyConnection, key: CompanyKey) -> None:
    """Put the company's key, sealed, on its connection (the caller saves it)."""
    connection.application, connection.realm, connection.administrator = key.application, key.realm, key.administrator
    plain = json.dumps(dict(key.secret)).encode()
    connection.sealed = crypto.seal(keys.newest(context.current()), plain, f"company:{connection.pk}")


def company_key(connection: CompanyConnection) -> CompanyKey:
    """The company's key, unsealed. Raises SealBroken or UnknownKey; neither message holds a secret."""
    plain = crypto.unseal(keys.all_of(context.current()), bytes(connection.sealed), f"company:{connection.pk}")
    return CompanyKey(connection.application, connection.realm, connection.administrator, json.loads(plain))


def give_back(account: ProviderAccount) -> None:
    """Revoke the consent of an account that has ended, and forget its tokens. Raises Transient: try again later.

    What the provider refuses is forgotten all the same: it is of no more use to anybody.
    """
    row = OAuthGrant.objects.filter(account=account).first()
    if row is None:
        return
    try:
        # A provider ends all that its account ever granted us: also what others live by who connected the same one,
        # colleagues as well as people of another company.
        if account.company_id is None and holders.last(account, row.subject):
            clouds.named(account.provider_type).revoke(_unseal(account, row).refresh)
    except Transient:
        raise
    except (AdapterError, crypto.SealBroken, crypto.UnknownKey) as error:
        log.warning("consent not revoked; its tokens are forgotten", account=str(account.pk), reason=str(error))
    row.delete()
    holders.forget(account)


def _good(known: Held | None, rejected: str) -> bool:
    return known is not None and known.access != rejected and known.expires_at > time.time()


def _after(known: Held, given: Renewed) -> Held:
    return Held(given.refresh or known.refresh, given.access, given.expires_at)


def _context(account: ProviderAccount) -> str:
    return f"grant:{account.pk}"


def _seal(account: ProviderAccount, tokens: Held) -> bytes:
    plain = {"refresh": tokens.refresh, "access": tokens.access, "expires_at": tokens.expires_at}
    return crypto.seal(keys.newest(context.current()), json.dumps(plain).encode(), _context(account))


def _unseal(account: ProviderAccount, row: OAuthGrant) -> Held:
    plain = crypto.unseal(keys.all_of(context.current()), bytes(row.sealed), _context(account))
    return Held(**json.loads(plain))
