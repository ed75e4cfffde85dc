"""Channels: who is told that a calendar changed, with an empty POST whose headers say all."""

import email.utils
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from tests.fakes.google.calendar.access import calendar_of
from tests.fakes.google.calls import Call, answers
from tests.fakes.google.clock import Clock
from tests.fakes.google.courier import Courier, Parcel
from tests.fakes.google.refusals import Json, refuse

WEEK: Final = 7 * 86_400.0
LONGEST: Final = 30 * 86_400.0
ID: Final = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}", re.ASCII)
TOKEN: Final = 256
TAKEN: Final = frozenset({102, 200, 201, 202, 204})
AGAIN: Final = frozenset({500, 502, 503, 504})
PATIENCE: Final = 10.0


@dataclass
class Channel:
    """One channel."""

    id: str
    resource: str
    """`calendar/{id}` or `list/{user}`."""
    resource_id: str
    uri: str
    address: str
    token: str
    expires: float
    user: str
    project: str
    number: int = 1
    stopped: float | None = None

    def shown(self) -> Json:
        """What `watch` answers."""
        told = {
            "kind": "api#channel", "id": self.id, "resourceId": self.resource_id, "resourceUri": self.uri,
            "expiration": str(int(self.expires * 1000)),
        }  # fmt: skip
        return told | ({"token": self.token} if self.token else {})


@dataclass
class Channels:
    """All channels that were ever opened: their ids stay taken."""

    clock: Clock
    courier: Courier
    life: float = WEEK
    longest: float = LONGEST
    linger: float = 0.0
    """Seconds for which a stopped channel goes on talking."""
    allows_http: bool = False
    """True lets an address be http, for a receiver without a certificate."""
    opened: dict[str, Channel] = field(default_factory=dict)

    def changed(self, resource: str) -> None:
        """Tell everybody who watches it."""
        for channel in self.opened.values():
            if channel.resource == resource and self._alive(channel):
                # Numbers rise with gaps.
                channel.number += 1 + (channel.number * 7 + len(channel.id)) % 5
                self._post(channel, "exists")

    def open(self, channel: Channel) -> None:
        """Begin, with a message that says so."""
        self.opened[channel.id] = channel
        self._post(channel, "sync")

    def _alive(self, channel: Channel) -> bool:
        now = self.clock.now()
        stopped = channel.stopped is not None and now >= channel.stopped + self.linger
        return now < channel.expires and not stopped

    def _post(self, channel: Channel, state: str) -> None:
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Message-Number": str(channel.number),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.uri,
            "X-Goog-Channel-Expiration": email.utils.formatdate(channel.expires, usegmt=True),
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        } | ({"X-Goog-Channel-Token": channel.token} if channel.token else {})
        until = min(channel.expires, self.clock.now() + 86_400)
        self.courier.post(Parcel(channel.address, lambda: headers, b"", TAKEN, AGAIN, PATIENCE, until))


def _opened(call: Call, resource: str, uri: str) -> Json:
    channels, body = call.google.channels, call.body
    for name in ("id", "type", "address"):
        if not body.get(name):
            raise refuse("calendar: channel missing", name=name)
    if body["type"] not in ("web_hook", "webhook"):
        raise refuse("calendar: channel type")
    if not ID.fullmatch(body["id"]):
        raise refuse("calendar: channel field", name="id", limit=64)
    if len(body.get("token", "")) > TOKEN:
        raise refuse("calendar: channel field", name="token", limit=TOKEN)
    if not body["address"].startswith("https://") and not (
        channels.allows_http and body["address"].startswith("http://")
    ):
        raise refuse("calendar: channel https", address=body["address"])
    if body["id"] in channels.opened:
        raise refuse("calendar: channel not unique", id=body["id"])
    channel = Channel(
        id=body["id"],
        resource=resource,
        resource_id=hashlib.sha256(f"{resource} {call.user}".encode()).hexdigest()[:27],
        uri=f"{uri}?alt=json",
        address=body["address"],
        token=body.get("token", ""),
        expires=_expiration(call),
        user=call.user,
        project=call.access.project,
    )
    channels.open(channel)
    return channel.shown()


def _expiration(call: Call) -> float:
    channels, now = call.google.channels, call.google.clock.now()
    seconds = call.body.get("params", {}).get("ttl")
    if seconds is not None and not seconds.isdecimal():
        raise refuse("calendar: channel expiration", value=seconds)
    wanted = call.body.get("expiration")
    if wanted is None:
        return now + (min(float(seconds), channels.longest) if seconds else channels.life)
    until = int(wanted) / 1000
    if until <= now:
        raise refuse("calendar: channel expiration", value=wanted)
    return min(until, now + channels.longest)


@answers("calendar.events.watch")
def watch_events(call: Call) -> Json:
    """Changes of one calendar."""
    calendar, _ = calendar_of(call)
    if not calendar.pushes:
        raise refuse("calendar: channel unsupported")
    return _opened(
        call, f"calendar/{calendar.id}", f"https://www.googleapis.com/calendar/v3/calendars/{calendar.id}/events"
    )


@answers("calendar.calendarList.watch")
def watch_list(call: Call) -> Json:
    """Changes of the list."""
    return _opened(call, f"list/{call.user}", "https://www.googleapis.com/calendar/v3/users/me/calendarList")


@answers("calendar.settings.watch")
def watch_settings(call: Call) -> Json:
    """Changes of settings."""
    return _opened(call, f"settings/{call.user}", "https://www.googleapis.com/calendar/v3/users/me/settings")


@answers("calendar.channels.stop")
def stop(call: Call) -> None:
    """By both of its ids, and only by its own project and user."""
    channel = call.google.channels.opened.get(call.body.get("id", ""))
    wanted = (call.body.get("resourceId"), call.access.project, call.user)
    if channel is None or channel.stopped is not None or wanted != (channel.resource_id, channel.project, channel.user):
        raise refuse("calendar: channel not found", id=call.body.get("id", ""), project=call.access.project)
    channel.stopped = call.google.clock.now()
