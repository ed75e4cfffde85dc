"""Google's notifications: asking for them, and knowing a true one. Contacts have none.

A notification says that something may have changed, never what: whoever gets one looks. They come doubled,
late, out of order or not at all, so a poll goes on beside them. Sources: Gmail "Configure push
notifications", Pub/Sub "Authentication for push subscriptions", Calendar "Push notifications".
"""

import base64
import binascii
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
from google.auth import crypt

from apps.providers.adapters import errors
from apps.providers.adapters.google.api import Api
from apps.providers.adapters.google.errors import LOWER, from_exception

CERTIFICATES: Final = "https://www.googleapis.com/oauth2/v1/certs"
ISSUERS: Final = ("accounts.google.com", "https://accounts.google.com")
SKEW: Final = 60.0
"""Seconds by which clocks may differ."""
BODY_MOST: Final = 64 * 1024
CHANNEL_TOKEN_MOST: Final = 256
LISTED: Final = 250


@dataclass(frozen=True, slots=True)
class MailWatch:
    """A mailbox is watched until `expires` (seconds since the epoch): seven days; it is renewed daily."""

    expires: float


@dataclass(frozen=True, slots=True)
class Poke:
    """A mailbox has changed. `history` is a hint and never a cursor: it may be older than what is held."""

    address: str
    history: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A calendar's notifications: `id` is ours, `resource` Google's; both are needed to end it."""

    id: str
    resource: str
    expires: float
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification of a channel. The first one, `sync`, says only that the channel works."""

    channel: str
    state: str
    number: int


# ---------------------------------------------------------------------------- Gmail


def watch_mail(api: Api, topic: str) -> MailWatch:
    """Have changes of the mailbox published to a topic (`projects/P/topics/T`) of the client's own project.

    Renewing is the same call: a watch replaces the one before. Raises PermissionMissing where Gmail may not publish
    to the topic, the errors of `adapters.errors`.
    """
    told = api.run(api.service.users().watch(userId="me", body={"topicName": topic}))
    return MailWatch(_seconds(told.get("expiration")))


def stop_mail(api: Api) -> None:
    """End the watch; none is no error."""
    api.run(api.service.users().stop(userId="me"))


def certificates(http: httpx.Client, url: str = CERTIFICATES) -> Mapping[str, str]:
    """The certificates (PEM) by key id, against which pushes are checked. They change every few days."""
    try:
        answer = http.get(url, follow_redirects=False)
        told = answer.json()
    except LOWER as error:
        raise from_exception(error) from None
    if answer.status_code != 200 or not isinstance(told, dict):
        raise errors.Transient("Google's certificates cannot be had")
    return {str(key): str(text) for key, text in told.items()}


def verified(
    authorization: str, keys: Mapping[str, str], *, audience: str, account: str, now: float
) -> Mapping[str, Any]:
    """The claims of a push's bearer, which Google signed for our audience in the name of the account that pushes.

    `keys` are `certificates`; one that is not among them may be newer, so they are worth fetching again. Raises
    NotFound for such a one, Rejected for anything that is not as it must be.
    """
    scheme, _, token = authorization.partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        raise errors.Rejected("the push has no bearer")
    header, claims = _json(parts[0]), _json(parts[1])
    if header.get("alg") != "RS256":
        raise errors.Rejected("the push is not signed as Google signs")
    certificate = keys.get(str(header.get("kid")))
    if certificate is None:
        raise errors.NotFound("the push is signed with a key that is not known")
    signed = f"{parts[0]}.{parts[1]}".encode()
    if not crypt.verify_signature(signed, _octets(parts[2]), certificate):  # type: ignore[no-untyped-call]
        raise errors.Rejected("the signature of the push is wrong")
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise errors.Rejected("the push says no time")
    if issued > now + SKEW or expires < now - SKEW:
        raise errors.Rejected("the push is of another time")
    if claims.get("iss") not in ISSUERS or claims.get("aud") != audience:
        raise errors.Rejected("the push is meant for somebody else")
    if claims.get("email") != account or claims.get("email_verified") is not True:
        raise errors.Rejected("the push comes from another account")
    return claims


def poke(body: bytes, subscription: str) -> Poke:
    """What a push says. Raises Rejected for one of another subscription, or one that cannot be read."""
    if len(body) > BODY_MOST:
        raise errors.Rejected("the push is too long")
    try:
        told = json.loads(body)
        named, message = str(told["subscription"]), told["message"]
    except (ValueError, KeyError, TypeError):
        raise errors.Rejected("the push cannot be read") from None
    found = poke_of(message)
    if named != subscription:
        raise errors.Rejected("the push belongs to another subscription")
    return found


def poke_of(message: Any) -> Poke:
    """What a message of Pub/Sub's says, pushed or pulled. Raises Rejected for one that is none of Gmail's."""
    try:
        inner = json.loads(_octets(str(message["data"])))
        return Poke(str(inner["emailAddress"]), str(inner["historyId"]), str(message.get("messageId", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.Rejected("the push cannot be read") from None


def _json(part: str) -> Mapping[str, Any]:
    try:
        told = json.loads(_octets(part))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise errors.Rejected("the push has no bearer")
    return told


def _octets(text: str) -> bytes:
    """Base64 of either alphabet, padded or not."""
    try:
        plain = text.encode("ascii").translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"=")
        return base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        raise errors.Rejected("the push cannot be read") from None


# ---------------------------------------------------------------------------- Calendar


def watch_calendar(api: Api, calendar: str, channel: str, address: str, token: str) -> Channel:
    """Open a channel for a calendar's events, or (`calendar` is empty) for the list of calendars: `channel` is an id
    of our own (a UUID), `token` a secret of ours.

    A channel cannot be renewed: a new one is opened and stored, then the old one is stopped; both tell for a while.
    Raises Rejected for calendars that send no notifications (holidays, birthdays), NotFound for one that is gone.
    """
    if len(token) > CHANNEL_TOKEN_MOST:
        raise errors.Rejected(f"a channel's token has at most {CHANNEL_TOKEN_MOST} characters")
    body = {"id": channel, "type": "web_hook", "address": address, "token": token}
    service = api.service
    request = service.events().watch(calendarId=calendar, body=body) if calendar else (
        service.calendarList().watch(body=body)
    )  # fmt: skip
    told = api.run(request)
    return Channel(str(told["id"]), str(told["resourceId"]), _seconds(told.get("expiration")), token)


def stop_channel(api: Api, channel: Channel) -> None:
    """End a channel; one that has ended is no error. What is on its way still arrives."""
    try:
        api.run(api.service.channels().stop(body={"id": channel.id, "resourceId": channel.resource}))
    except errors.NotFound:
        return


def calendars(api: Api) -> Iterator[str]:
    """The ids of the calendars that the person's list shows."""
    service, token = api.service.calendarList(), ""
    while True:
        page = api.run(service.list(maxResults=LISTED, **({"pageToken": token} if token else {})))
        yield from (str(one["id"]) for one in page.get("items", ()))
        token = str(page.get("nextPageToken") or "")
        if not token:
            return


def notice(headers: Mapping[str, str], channel: Channel) -> Notice:
    """A notification by its headers (its body is empty). `headers` are by lower-case name.

    Raises Rejected for one that is not of this channel or does not know its token.
    """
    if not hmac.compare_digest(headers.get("x-goog-channel-token", "").encode(), channel.token.encode()):
        raise errors.Rejected("the notification does not know the channel's token")
    if headers.get("x-goog-channel-id") != channel.id or headers.get("x-goog-resource-id") != channel.resource:
        raise errors.Rejected("the notification belongs to another channel")
    number = headers.get("x-goog-message-number", "")
    return Notice(channel.id, headers.get("x-goog-resource-state", ""), int(number) if number.isdecimal() else 0)


def expiration(headers: Mapping[str, str]) -> float | None:
    """When the channel of a notification ends, in seconds since the epoch; None when it does not say."""
    try:
        moment = parsedate_to_datetime(headers["x-goog-channel-expiration"])
    except (KeyError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(milliseconds: Any) -> float:
    """Google's moments; one that is missing is long past, so that it is asked again soon."""
    text = str(milliseconds or "")
    return int(text) / 1000 if text.isdecimal() else 0.0
