"""One device's share of the news: what it is told, the request that tells it, and what the answer means.

At most once is enough for a notification: what is given up is in the list all the same. A message
that goes out twice has the same Topic and tag, so that it replaces itself.
"""

import math
import random
from base64 import urlsafe_b64encode
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import structlog

from apps.core import net
from apps.core.clock import now
from apps.users.members import Member

from .. import journal, visibility
from ..models import PushSubscription
from . import carrier, encryption, endpoints, notices, subscriptions, vapid
from .carrier import Answer, Outgoing, Unreachable
from .notices import Notice, Words

log = structlog.get_logger(__name__)

TTL: Final = 12 * 3600
"""Seconds that a push service keeps a message for a device that is off: a night (RFC 8030, section 5.2)."""

TITLE: Final = 100
BODY: Final = 200
"""Characters; what a notification shows. Both escaped and in four-byte characters fit into one record."""

BARE_TITLE: Final = 60
TRIES: Final = 4
PAUSES: Final = (10.0, 60.0, 300.0)
"""Seconds before the second, third and fourth try, when the push service names none."""

LONGEST_PAUSE: Final = 900.0
"""Seconds; a task that waits longer than Celery's visibility time-out would be delivered twice."""

DEFAULT_LANGUAGE: Final = "en"


class Verdict(Enum):
    """What an answer means for us."""

    TAKEN = "taken"
    GONE = "gone"
    TOO_LONG = "too long"
    LATER = "later"
    REFUSED = "refused"


VERDICTS: Final = {
    200: Verdict.TAKEN, 201: Verdict.TAKEN, 202: Verdict.TAKEN, 204: Verdict.TAKEN, 404: Verdict.GONE,
    408: Verdict.LATER, 410: Verdict.GONE, 413: Verdict.TOO_LONG, 429: Verdict.LATER,
}  # fmt: skip

# What an operator looks at when a push service refuses; other statuses are faults of ours.
NEXT_STEPS: Final = {
    400: "compare the request with RFC 8030 and 8291",
    401: "check the clock, and that PMSYNC_PUBLIC_URL or PMSYNC_EMAIL_FROM names you",
    403: "if PMSYNC_MASTER_KEYS has changed, keep the former key listed until people have opened PMSync again",
}


def verdict(answer: Answer) -> Verdict:
    """What the answer means (RFC 8030, sections 5, 5.2 and 7.3). Pure."""
    return VERDICTS.get(answer.status, Verdict.LATER if answer.status >= 500 else Verdict.REFUSED)


def recipients(after: int, last: int) -> list[UUID]:
    """The subscriptions whose people have to be told of something among these events."""
    entries = journal.read(after, last - after)
    concerned = {entry.account_id for entry in entries if entry.account_id and entry.event in notices.known()}
    return subscriptions.of_people(visibility.people_who_see(concerned)) if concerned else []


def deliver(subscription_id: UUID, after: int, last: int, tries: int) -> float | None:
    """Push to one device what its person has to be told of these events.

    Who may see what is asked now, at each try. Returns in how many seconds to try again, or None
    when it is done or given up; `tries` says how many failed before.
    """
    found = subscriptions.stands(subscription_id)
    if found is None:
        return None
    row, member = found
    for notice in _told_to(member, after, last):
        wait = _push(row, notice, tries)
        if wait is not None:
            return wait
        if not _still_there(row):
            return None
    return None


def _told_to(member: Member, after: int, last: int) -> list[Notice]:
    entries = [
        entry
        for entry in journal.read(after, last - after)
        if entry.only_for is None or member.user_id in entry.only_for
    ]
    return notices.of(entries, visibility.accounts_visible_to(member))


def _still_there(row: PushSubscription) -> bool:
    return PushSubscription.objects.filter(pk=row.pk).exists()


def _push(row: PushSubscription, notice: Notice, tries: int) -> float | None:
    host = urlsplit(row.endpoint).hostname
    try:
        answer = _post(row, notice)
    except net.HostRefused as refused:
        log.warning("push address refused, device forgotten", host=host, reason=str(refused))
        subscriptions.forget(row)
        return None
    except Unreachable as away:
        return _later(row, tries, None, str(away))
    match verdict(answer):
        case Verdict.TAKEN:
            subscriptions.accepted(row)
        case Verdict.GONE:
            log.info("push subscription ended by the browser", host=host)
            subscriptions.forget(row)
        case Verdict.LATER:
            return _later(row, tries, retry_after(answer.retry_after), f"status {answer.status}")
        case Verdict.REFUSED | Verdict.TOO_LONG:
            step = NEXT_STEPS.get(answer.status, "see what RFC 8030 says of this status")
            log.warning("push refused", host=host, status=answer.status, next_step=step)
            _failed(row)
    return None


def _post(row: PushSubscription, notice: Notice) -> Answer:
    """Ask the push service; once more without the body's text when it finds that too long."""
    words = notice.words.get(row.language) or notice.words[DEFAULT_LANGUAGE]
    answer = carrier.carry(request(row, notice, _cut(words)), endpoints.resolve)
    if verdict(answer) is Verdict.TOO_LONG:
        bare = Words(_shortened(words.title, BARE_TITLE))
        answer = carrier.carry(request(row, notice, bare), endpoints.resolve)
    return answer


def request(row: PushSubscription, notice: Notice, words: Words) -> Outgoing:
    """The request that tells one device (RFC 8030, section 5; RFC 8291, section 4)."""
    key = vapid.by_id(row.key_id)
    assert key is not None, "subscriptions of other keys do not stand"
    said = {"title": words.title, "body": words.body, "tag": notice.tag, "url": notice.url}
    headers = {
        "Authorization": vapid.authorization(key, row.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL),
        "Urgency": "high",
        "Topic": topic(notice.tag),
    }
    return Outgoing(row.endpoint, headers, encryption.encrypt(orjson.dumps(said), subscriptions.keys_of(row)))


def topic(tag: str) -> str:
    """At most 32 characters of base64url (RFC 8030, section 5.4); it tells the push service nothing of the tag."""
    return urlsafe_b64encode(sha256(tag.encode()).digest()[:24]).decode()


def _cut(words: Words) -> Words:
    return Words(_shortened(words.title, TITLE), _shortened(words.body, BODY))


def _shortened(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _later(row: PushSubscription, tries: int, asked: float | None, reason: str) -> float | None:
    wait = asked if asked is not None else PAUSES[min(tries, len(PAUSES) - 1)]
    if tries + 1 < TRIES and wait <= LONGEST_PAUSE:
        return wait + random.uniform(0, 1 + wait / 10)
    host = urlsplit(row.endpoint).hostname
    log.warning("push given up", host=host, reason=reason, tries=tries + 1)
    _failed(row)
    return None


def _failed(row: PushSubscription) -> None:
    if subscriptions.failed(row):
        log.warning("device forgotten after many failures; it asks anew when PMSync is opened there")


def retry_after(text: str) -> float | None:
    """Seconds that Retry-After asks to wait (RFC 9110, section 10.2.3); None when it says nothing we understand."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, math.ceil((moment - now()).total_seconds()))
