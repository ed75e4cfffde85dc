"""Google's notifications: Gmail's through Pub/Sub, a channel for each calendar and one for the list of them."""

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import structlog
from django.conf import settings

from apps.providers.adapters import errors
from apps.providers.adapters.base import TokenSource
from apps.providers.adapters.google import pull, push
from apps.providers.adapters.google.api import Api

from . import google_certificates as certificates
from .base import Surface
from .pushing import Answer, Called, Fate, Fetched, Hook, Subscribed, Told, Wanted, address_of, reachable

log = structlog.get_logger(__name__)

MAIL: Final = "gmail-pubsub"
CALENDAR: Final = "google-calendar"
NAME_MOST: Final = 256
"""Characters of what a header of a channel's notification may hold."""
DAILY: Final = timedelta(days=1)
"""How often a mailbox's watch of seven days is renewed."""


class GooglePusher:
    """Implements `Pusher`. `root` replaces Google's own address."""

    def __init__(self, root: str) -> None:
        self._root = root

    def offers(self, surface: Surface) -> bool:
        """See Pusher. Contacts have no notifications."""
        if surface is Surface.MAIL:
            return bool(settings.GMAIL_PUBSUB_TOPIC and settings.GMAIL_PUBSUB_SUBSCRIPTION)
        return surface is Surface.CALENDAR and reachable(simulated=bool(self._root))

    def by_address(self, surface: Surface) -> bool:
        """See Pusher."""
        return surface is Surface.MAIL

    def parts(self, tokens: TokenSource, surface: Surface) -> Sequence[str]:
        """See Pusher."""
        if surface is not Surface.CALENDAR:
            return ()
        with closing(Api("calendar", tokens, root=self._root)) as api:
            return tuple(push.calendars(api))

    def subscribe(self, tokens: TokenSource, wanted: Wanted, instead_of: Subscribed | None) -> Subscribed:
        """See Pusher. A channel is opened before the former one is stopped, so that nothing falls between."""
        if wanted.surface is Surface.MAIL:
            with closing(Api("gmail", tokens, root=self._root)) as api:
                watch = push.watch_mail(api, settings.GMAIL_PUBSUB_TOPIC)
            expires = _moment(watch.expires)
            return Subscribed(expires, min(datetime.now(UTC) + DAILY, expires))
        with closing(Api("calendar", tokens, root=self._root)) as api:
            made = push.watch_calendar(api, wanted.part, str(uuid.uuid4()), address_of(CALENDAR), wanted.secret)
            if instead_of is not None:
                push.stop_channel(api, push.Channel(instead_of.remote_id, instead_of.resource_id, 0.0))
        expires, begun = _moment(made.expires), datetime.now(UTC)
        return Subscribed(expires, begun + (expires - begun) / 2, made.id, made.resource)

    def renew(self, tokens: TokenSource, wanted: Wanted, held: Subscribed) -> Subscribed:
        """See Pusher. Google knows no renewing: a new one replaces the old."""
        return self.subscribe(tokens, wanted, held if held.remote_id else None)

    def end(self, tokens: TokenSource, surface: Surface, held: Subscribed) -> None:
        """See Pusher."""
        if surface is Surface.MAIL:
            with closing(Api("gmail", tokens, root=self._root)) as api:
                push.stop_mail(api)
        elif held.remote_id:
            with closing(Api("calendar", tokens, root=self._root)) as api:
                push.stop_channel(api, push.Channel(held.remote_id, held.resource_id, 0.0))

    def held(self, tokens: TokenSource) -> None:
        """See Pusher: Google lists neither watches nor channels."""

    def realm(self, subject: str) -> str:
        """See Pusher."""
        return ""

    def hooks(self) -> Mapping[str, Hook]:
        """See Pusher."""
        return {MAIL: _pushed, CALENDAR: _channelled}

    def puller(self) -> "PubsubPuller | None":
        """See Pusher."""
        if not settings.GMAIL_PUBSUB_KEY_FILE or not settings.GMAIL_PUBSUB_SUBSCRIPTION:
            return None
        account = pull.service_account(settings.GMAIL_PUBSUB_KEY_FILE.read_bytes())
        return PubsubPuller(pull.Puller(account, settings.GMAIL_PUBSUB_SUBSCRIPTION, root=self._root))

    def prepare(self, *, anew: bool = False) -> None:
        """See Pusher: the certificates that pushes are signed by."""
        if anew or (certificates.wanted() and certificates.old()):
            certificates.fetch(self._root)


class PubsubPuller:
    """Implements `Puller` over Pub/Sub."""

    def __init__(self, inner: pull.Puller) -> None:
        self._inner = inner

    async def pull(self) -> Sequence[Fetched]:
        """See Puller."""
        return [
            Fetched(one.ack, Told(address=one.poke.address, message=one.poke.message_id) if one.poke else None)
            for one in await self._inner.pull()
        ]

    async def acknowledge(self, acks: Sequence[str]) -> None:
        """See Puller."""
        await self._inner.acknowledge(acks)

    async def close(self) -> None:
        """See Puller."""
        await self._inner.close()


def _pushed(called: Called) -> Answer:
    """A push of Pub/Sub's, of which nothing is read before its sender is proved.

    Whoever proves nothing gets one answer, whatever is wrong: Google, whose key may be newer than ours, sends it again.
    What Google sends and we cannot use is taken, or it would come for a week.
    """
    if not certificates.wanted():
        return Answer(HTTPStatus.UNAUTHORIZED)
    try:
        push.verified(
            called.headers.get("authorization", ""), certificates.known(), audience=settings.GMAIL_PUBSUB_AUDIENCE,
            account=settings.GMAIL_PUBSUB_ACCOUNT, now=time.time(),
        )  # fmt: skip
    except errors.AdapterError as error:
        if isinstance(error, errors.NotFound):
            certificates.ask()
        log.info("push not believed", reason=error.reason)
        return Answer(HTTPStatus.UNAUTHORIZED)
    try:
        poke = push.poke(called.body, settings.GMAIL_PUBSUB_SUBSCRIPTION)
    except errors.Rejected as error:
        log.warning("push of no use", reason=error.reason)
        return Answer(HTTPStatus.NO_CONTENT)
    return Answer(HTTPStatus.NO_CONTENT, None, [Told(address=poke.address, message=poke.message_id)])


def _channelled(called: Called) -> Answer:
    """A notification of a channel, which is all in its headers."""
    named = [called.headers.get(f"x-goog-{name}", "") for name in ("channel-token", "channel-id", "resource-id")]
    number, state = called.headers.get("x-goog-message-number", ""), called.headers.get("x-goog-resource-state", "")
    if not all(0 < len(text) <= NAME_MOST for text in (*named, number)):
        return Answer(HTTPStatus.NO_CONTENT)
    secret, channel, resource = named
    listed = "/calendarList" in called.headers.get("x-goog-resource-uri", "")
    fate = Fate.WORKS if state == "sync" else Fate.PARTS if listed else Fate.CHANGED
    told = Told(
        secret=secret, remote_id=channel, resource_id=resource, message=f"{channel}:{number}", fate=fate
    )  # fmt: skip
    return Answer(HTTPStatus.NO_CONTENT, None, [told])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
