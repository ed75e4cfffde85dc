"""The life of subscriptions: made when an account is connected, renewed, replaced, compared daily, ended with it.

 begin (the account's own transaction) ──▶ rows, due now ──commit──▶ keep
 tick (beat) ──▶ claims what is due, FOR UPDATE SKIP LOCKED ──▶ keep(account)
 keep ──▶ for each due route, under its lease: subscribe · renew · replace · end ──▶ announce; a sync where it is new
      └─▶ once a day, under all of the account's leases: what does the provider hold, and which parts are there

The provider is asked outside any transaction: making a subscription has the provider call our webhook before it
answers. What came of it is written only by whoever still holds the lease.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import uniform
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from apps.core.clock import now
from apps.providers import clouds, connections, tokens
from apps.providers.adapters.errors import (
    AdapterError,
    AuthExpired,
    Conflict,
    NeedsReconnect,
    NotFound,
    Rejected,
    Transient,
)
from apps.providers.clouds import Cloud, Pusher, Subscribed, Surface, Unconfigured, Wanted
from apps.providers.models import AccountStatus, OAuthGrant, ProviderAccount
from apps.providers.tokens import AccountTokens
from apps.tenants import context
from apps.tenants.models import Status

from . import queue, rings, routes
from .doubts import SILENCES
from .models import PushRoute

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=3)
"""Longer than a provider takes to answer, our own webhook's hand-shake included."""
LOST_AFTER: Final = timedelta(minutes=2)
"""A task that was enqueued this long ago and has not looked at its route is taken for lost."""
CLAIMED: Final = 500
DAY: Final = timedelta(days=1)
STALE: Final = Q(compared_at__isnull=True) | Q(compared_at__lt=Now() - DAY)
SOON: Final = (timedelta(minutes=1), timedelta(hours=1))
SELDOM: Final = (timedelta(hours=1), timedelta(days=7))
"""The pause behind a first failure, and the longest: of what passes, and of what the provider refuses."""
COMPARE_AGAIN: Final = timedelta(minutes=5)
UNTRUSTED: Final = timedelta(hours=6)
"""How long a subscription that tells nothing is left before another is tried."""


# ---------------------------------------------------------------------- receivers of the accounts' signals


def begin(*, account: ProviderAccount, **_: Any) -> None:
    """Have the surfaces of a connected or mended account subscribed to; those it has no longer are ended."""
    cloud = clouds.configured().get(account.provider_type)
    if cloud is None or not connections.by_consent(account):
        return
    tenant = context.current()
    wanted = [surface for surface in connections.surfaces_of(account) if cloud.pusher.offers(surface)]
    mine = PushRoute.objects.filter(tenant=tenant, account_id=account.pk)
    mine.exclude(surface__in=wanted).update(is_ending=True, due_at=Now(), queued_at=None)
    for surface in wanted:
        PushRoute.objects.get_or_create(
            tenant=tenant, account_id=account.pk, surface=surface.value, part="",
            defaults={"provider_type": account.provider_type},
        )  # fmt: skip
    mine.filter(surface__in=wanted).update(
        is_ending=False, due_at=Now(), queued_at=Now(), failures=0, error_code="", compared_at=None
    )
    _keep_on_commit(tenant.pk, account.pk)


def stop(*, account: ProviderAccount, **_: Any) -> None:
    """Nothing rings for an account that ends; its subscriptions are ended before its consent is given back."""
    PushRoute.objects.filter(tenant=context.current(), account_id=account.pk).update(is_ending=True, due_at=None)


def adopt() -> int:
    """Begin for the open tenant's accounts that have no routes where they could have some; return how many."""
    held = set(PushRoute.objects.filter(tenant=context.current(), part="").values_list("account_id", "surface"))
    adopted = 0
    for account in ProviderAccount.objects.filter(
        status=AccountStatus.ACTIVE, provider_type__in=list(clouds.configured())
    ):  # fmt: skip
        pusher = clouds.named(account.provider_type).pusher
        offered = {surface.value for surface in connections.surfaces_of(account) if pusher.offers(surface)}
        if connections.by_consent(account) and any((account.pk, surface) not in held for surface in offered):
            with transaction.atomic():
                begin(account=account)
            adopted += 1
    return adopted


def _keep_on_commit(tenant_id: UUID, account_id: UUID) -> None:
    transaction.on_commit(lambda: queue.send("push.keep", tenant_id, account_id))


# ---------------------------------------------------------------------- what is due


def tick() -> int:
    """Claim the routes that are due, and hand each one's account to a task; return how many accounts.

    Two at once are harmless: a claimed row is skipped, and a task that is delivered twice finds leases taken.
    """
    lost = Q(queued_at__isnull=True) | Q(queued_at__lt=Now() - LOST_AFTER)
    due = Q(due_at__lte=Now()) | (STALE & Q(is_ending=False))
    with transaction.atomic():
        claimed = list(
            PushRoute.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(lost, due, tenant__status=Status.ACTIVE)
            .order_by("due_at")
            .values_list("pk", "tenant_id", "account_id")[:CLAIMED]
        )
        PushRoute.objects.filter(pk__in=[pk for pk, _, _ in claimed]).update(queued_at=Now())
    accounts = dict.fromkeys((tenant_id, account_id) for _, tenant_id, account_id in claimed)
    for tenant_id, account_id in accounts:
        queue.send("push.keep", tenant_id, account_id)
    return len(accounts)


def hurry(route: PushRoute) -> None:
    """Have a route looked at now: its provider said that something becomes of it."""
    PushRoute.objects.filter(pk=route.pk, is_ending=False).update(due_at=Now(), queued_at=Now())
    queue.send("push.keep", route.tenant_id, route.account_id)


def recount(route: PushRoute) -> None:
    """Have the account's routes compared with what there is now: its provider said that the parts of a surface
    changed."""
    mine = PushRoute.objects.filter(tenant_id=route.tenant_id, account_id=route.account_id, is_ending=False)
    mine.update(compared_at=None)
    queue.send("push.keep", route.tenant_id, route.account_id)


def gone(route: PushRoute) -> None:
    """The provider says that it has ended the subscription."""
    held = PushRoute.objects.filter(pk=route.pk, remote_id=route.remote_id)
    held.update(remote_id="", resource_id="", subscribed_at=None, expires_at=None)
    rings.announce([route])
    hurry(route)


# ---------------------------------------------------------------------- one account


def keep(account_id: UUID) -> None:
    """Look after the account's routes that are due, and once a day after all of them. Delivered twice is harmless."""
    mine = PushRoute.objects.filter(tenant=context.current(), account_id=account_id)
    account = ProviderAccount.objects.filter(pk=account_id, status=AccountStatus.ACTIVE).first()
    if account is None or not connections.by_consent(account):
        # It waits for its person, or has ended: whoever brings it back, or removes it, looks after the routes.
        mine.update(due_at=None, queued_at=None, compared_at=Now())
        return
    try:
        cloud, source = tokens.of(account)
    except Unconfigured:
        mine.update(due_at=None, queued_at=None, compared_at=Now())
        return
    keeper, before = _Keeper(account, cloud, source), list(mine)
    for route in mine.filter(due_at__lte=Now()).order_by("surface", "part"):
        keeper.attend(route)
    if mine.filter(STALE).exists():
        keeper.compare()
        for route in mine.filter(due_at__lte=Now()).order_by("surface", "part"):
            keeper.attend(route)
    # Of surfaces whose last row is gone as well: nobody tells of them any more.
    rings.announce([*before, *mine])


class _Keeper:
    """One visit to an account's provider."""

    def __init__(self, account: ProviderAccount, cloud: Cloud, source: AccountTokens) -> None:
        self._account, self._source = account, source
        self._pusher: Pusher = cloud.pusher
        self._mine = PushRoute.objects.filter(tenant=context.current(), account_id=account.pk)
        self._names: dict[Surface, list[str]] = {}
        grant = OAuthGrant.objects.filter(account=account).first()
        self._realm = self._pusher.realm(grant.subject) if grant else ""

    def attend(self, route: PushRoute) -> None:
        """Do what is due for one route, unless somebody else is at it."""
        with _lease([route]) as owner:
            if owner is None:
                return
            route.refresh_from_db()
            try:
                if route.is_ending:
                    self._end(route)
                    _stored(route, owner).delete()
                else:
                    self._subscribe(route, owner)
            except AdapterError as error:
                _failed(route, owner, error)

    def _end(self, route: PushRoute) -> None:
        over = route.expires_at is not None and route.expires_at < now()
        if route.is_held and not over and not _shared(route, self._pusher):
            self._pusher.end(self._source, Surface(route.surface), _held(route))

    def _subscribe(self, route: PushRoute, owner: str) -> None:
        surface = Surface(route.surface)
        part = self._name_of(route) if self._pusher.offers(surface) else None
        if part is None:
            self._end(route)
            _stored(route, owner).delete()
            return
        secret, by_address = routes.secret_of(route.pk), self._pusher.by_address(surface)
        token = routes.address_digest(self._account.address) if by_address else routes.digest(secret)
        wanted = Wanted(surface, part, "" if by_address else secret)
        # Before the provider is asked: the first notification may be faster than its answer.
        _stored(route, owner).update(token=token, realm=routes.digest(self._realm) if self._realm else "")
        silent = route.doubted_at is not None or route.silences >= SILENCES
        made = None
        if route.is_held and not silent and route.token == token:
            try:
                made = self._pusher.renew(self._source, wanted, _held(route))
            except NotFound:
                if part:
                    raise  # the part is not there any more, or not for us
                log.info("subscription was gone", route=str(route.pk), surface=route.surface)
        fresh = made is None
        if made is None:
            made = self._pusher.subscribe(self._source, wanted, _held(route) if route.is_held else None)
        silences = route.silences + 1 if silent else F("silences")
        renew_at = min(made.renew_at, now() + UNTRUSTED) if route.silences + silent >= SILENCES else made.renew_at
        stored = {
            "remote_id": made.remote_id, "resource_id": made.resource_id, "expires_at": made.expires_at,
            "due_at": renew_at, "failures": 0, "error_code": "", "doubted_at": None, "silences": silences,
        }  # fmt: skip
        if fresh:
            stored["subscribed_at"] = Now()
        _stored(route, owner).update(**stored)
        if fresh:
            log.info("subscribed", route=str(route.pk), account=str(route.account_id), surface=route.surface,
                     instead_of_a_silent_one=silent)  # fmt: skip
            # What happened before it tells, nobody told.
            rings.ring(route)

    def _name_of(self, route: PushRoute) -> str | None:
        """The provider's name for the route's part; None for one that is there no longer."""
        if not route.part:
            return ""
        return routes.part_digests(self._parts(Surface(route.surface))).get(route.part)

    def _parts(self, surface: Surface) -> list[str]:
        if surface not in self._names:
            self._names[surface] = list(self._pusher.parts(self._source, surface))
        return self._names[surface]

    # Once a day

    def compare(self) -> None:
        """Make the routes what they should be: one for each part, and each held by the provider, which holds no other
        of ours. Left for the next look while somebody is at one of them."""
        rows = list(self._mine)
        with _lease(rows) as owner:
            if owner is None:
                return
            try:
                for surface in {Surface(row.surface) for row in rows if not row.part and not row.is_ending}:
                    self._compare_parts(surface, [row for row in rows if row.surface == surface.value])
                self._compare_held(rows)
            except AdapterError as error:
                log.info("subscriptions not compared", account=str(self._account.pk), code=error.code)
                if isinstance(error, Transient):
                    pause = max(COMPARE_AGAIN, timedelta(seconds=error.retry_after or 0))
                    self._mine.filter(lease_owner=owner).update(compared_at=Now() - DAY + pause)
                    return
            # A route that waited for its person is one of an account that is well.
            self._mine.filter(lease_owner=owner).update(compared_at=Now(), due_at=Coalesce("due_at", Now()))

    def _compare_parts(self, surface: Surface, rows: list[PushRoute]) -> None:
        names = self._parts(surface)
        known = routes.part_digests(names)
        for row in rows:
            if row.part and row.part not in known:
                self._mine.filter(pk=row.pk).update(is_ending=True, due_at=Now())
        missing = set(names) - {known[row.part] for row in rows if row.part in known}
        for name in sorted(missing):
            PushRoute.objects.get_or_create(
                tenant=context.current(), account_id=self._account.pk, surface=surface.value,
                part=routes.part_digest(name),
                defaults={
                    "provider_type": self._account.provider_type, "due_at": now(), "queued_at": now(),
                    "compared_at": now(),
                },
            )  # fmt: skip

    def _compare_held(self, rows: list[PushRoute]) -> None:
        for row in rows:
            # The secret key changed: the former one is listed for some days only.
            secret = routes.digest(routes.secret_of(row.pk))
            if row.token and row.token != secret and not self._pusher.by_address(Surface(row.surface)):
                self._mine.filter(pk=row.pk).update(due_at=Now())
        held = self._pusher.held(self._source)
        if held is None:
            return
        there = {one.remote_id for one in held}
        for stranger in held:
            if stranger.remote_id not in self._known(there, rows):
                log.info("a subscription that nobody knows is ended", account=str(self._account.pk))
                self._pusher.end(self._source, Surface.MAIL, stranger)
        self._mine.filter(error_code=Conflict.code, subscribed_at__isnull=True).update(due_at=Now())
        for row in rows:
            if row.is_held and row.remote_id not in there:
                log.info("subscription went silently", route=str(row.pk), surface=row.surface)
                self._mine.filter(pk=row.pk).update(
                    remote_id="", resource_id="", subscribed_at=None, expires_at=None, due_at=Now()
                )

    def _known(self, held: set[str], rows: list[PushRoute]) -> set[str]:
        """Those of the subscriptions that some route is about. The same person may have connected the account twice, in
        another company even, and the provider does not tell whose is whose: while one is being made anywhere for that
        directory, all are taken for known."""
        theirs = PushRoute.objects.filter(provider_type=self._account.provider_type)
        realms = {row.realm for row in rows}
        if theirs.filter(realm__in=realms, lease_until__gt=Now()).exclude(account_id=self._account.pk).exists():
            return held
        return set(theirs.filter(remote_id__in=held).values_list("remote_id", flat=True))


def end_all(account: ProviderAccount) -> None:
    """End every subscription of an account that has ended; without its consent nobody could. Raises Transient: try
    again later. What the provider refuses to end lasts until its time is over, and rings for nobody."""
    rows = list(PushRoute.objects.filter(tenant=context.current(), account_id=account.pk))
    if rows and OAuthGrant.objects.filter(account=account).exists():
        try:
            cloud = tokens.cloud_of(account)
            source = AccountTokens(account, cloud, {Surface(row.surface) for row in rows})
            for row in rows:
                if row.is_held and not _shared(row, cloud.pusher):
                    cloud.pusher.end(source, Surface(row.surface), _held(row))
                row.delete()
        except Transient:
            raise
        except AdapterError as error:
            log.info("subscriptions not ended", account=str(account.pk), code=error.code)
    forget(account)


def forget(account: ProviderAccount) -> None:
    """Remove the rows of an account that has ended, whatever became of its subscriptions."""
    PushRoute.objects.filter(tenant=context.current(), account_id=account.pk).delete()


# ---------------------------------------------------------------------- rows


@contextmanager
def _lease(rows: list[PushRoute]) -> Iterator[str | None]:
    """The right to ask the provider about these routes, all of them, for the length of the block; None otherwise."""
    owner, wanted = uuid.uuid4().hex, [row.pk for row in rows]
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    mine = PushRoute.objects.filter(lease_owner=owner)
    taken = PushRoute.objects.filter(free, pk__in=wanted).update(lease_owner=owner, lease_until=Now() + LEASE)
    try:
        yield owner if taken == len(wanted) else None
    finally:
        mine.update(lease_owner="", lease_until=None, queued_at=None)


def _stored(route: PushRoute, owner: str) -> Any:
    """The route's row, as long as the lease is ours."""
    return PushRoute.objects.filter(pk=route.pk, lease_owner=owner)


def _held(route: PushRoute) -> Subscribed:
    expires: datetime = route.expires_at or now()
    return Subscribed(expires, expires, route.remote_id, route.resource_id)


def _shared(route: PushRoute, pusher: Pusher) -> bool:
    """Whether the subscription serves another account as well, connected by somebody else by the same address."""
    if not pusher.by_address(Surface(route.surface)):
        return False
    others = PushRoute.objects.filter(
        provider_type=route.provider_type, token=route.token, is_ending=False, subscribed_at__isnull=False
    )  # fmt: skip
    return others.exclude(pk=route.pk).exists()


def _failed(route: PushRoute, owner: str, error: AdapterError) -> None:
    """Note it, and when to try again: never while only the person can help, seldom what the provider refuses."""
    failures = min(route.failures + 1, 20)
    refused = isinstance(error, Rejected | NotFound)
    first, longest = SOON if isinstance(error, Transient | Conflict) else SELDOM
    pause = min(first * 2 ** (failures - 1), longest) * uniform(0.8, 1.2)
    if isinstance(error, Transient) and error.retry_after:
        pause = max(pause, timedelta(seconds=error.retry_after))
    code = rings.UNSUPPORTED if refused and route.part else error.code
    due = None if isinstance(error, NeedsReconnect | AuthExpired) else now() + pause
    _stored(route, owner).update(failures=failures, error_code=code, due_at=due)
    if isinstance(error, Conflict):
        # An answer was lost: the provider holds one of ours that nobody knows, which comparing ends.
        _stored(route, owner).update(compared_at=None)
    log.info("subscription failed", route=str(route.pk), account=str(route.account_id), surface=route.surface,
             code=error.code, reason=error.reason, again_in=due and round(pause.total_seconds()))  # fmt: skip
    if isinstance(error, NeedsReconnect):
        rings.ring(route)  # the engine finds out for itself, and tells the person
