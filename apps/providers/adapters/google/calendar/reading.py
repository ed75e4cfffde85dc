"""Reading calendars: what there is, what changed, and one object with all that belongs to it."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.collections import CollectionRecord, ObjectRecord
from apps.providers.adapters.google.api import Api, Json
from apps.providers.adapters.google.calendar import texts
from apps.providers.adapters.google.calendar.family import CANCELLED, Family, families, is_series

PAGE: Final = 2500
LISTED: Final = 250
WRITABLE: Final = ("owner", "writer")


class Calendars:
    """The calendars of one account."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.zones: dict[str, str] = {}
        """IANA zones by calendar, as the last listing told them."""
        self.primary = ""

    def listing(self) -> tuple[CollectionRecord, ...]:
        """Every calendar that the person's list shows."""
        records = []
        token = ""
        while True:
            told = {"pageToken": token} if token else {}
            page = self.api.run(self.api.service.calendarList().list(maxResults=LISTED, **told))
            for one in page.get("items", ()):
                self.zones[str(one["id"])] = str(one.get("timeZone", ""))
                if one.get("primary"):
                    self.primary = str(one["id"])
                records.append(_record(one))
            token = str(page.get("nextPageToken") or "")
            if not token:
                return tuple(records)

    def zone(self, calendar: str) -> str:
        """The zone of a calendar."""
        if calendar not in self.zones:
            self.listing()
        return self.zones.get(calendar, "")

    def items(self, calendar: str, token: str) -> Iterator[tuple[list[Json], str]]:
        """Everything, or what changed since a sync token, page by page; the last with the token that follows.

        Series are not expanded, and no window is set: a token that was born in one is good for it only. Raises
        CursorExpired for a token that ended.
        """
        told: dict[str, Any] = {"syncToken": token} if token else {}
        following = ""
        while True:
            more = {"pageToken": following} if following else {}
            try:
                page = self.api.run(self._events().list(calendarId=calendar, maxResults=PAGE, **told, **more))
            except errors.Rejected as refused:
                if not following and not token:
                    raise
                kind = errors.Transient if following else errors.CursorExpired
                raise kind("Google no longer knows the place in its listing", said=refused.said) from None
            following = str(page.get("nextPageToken") or "")
            then = str(page.get("nextSyncToken") or "")
            if not following and not then:
                raise errors.Transient("Google's listing has neither a next page nor an end")
            yield list(page.get("items", ())), "" if following else then
            if not following:
                return

    def event(self, calendar: str, event: str) -> Json:
        """One event. Raises NotFound for one that is gone or cancelled."""
        found = self.api.run(self._events().get(calendarId=calendar, eventId=event))
        if found.get("status") == CANCELLED and not found.get("recurringEventId"):
            raise errors.NotFound("the event is cancelled")
        return found

    def family(self, calendar: str, event: str) -> Family:
        """One object as it is now. Raises NotFound."""
        master = self.event(calendar, event)
        if not is_series(master):
            return Family(master)
        items: list[Json] = []
        token = ""
        while True:
            told = {"pageToken": token} if token else {}
            page = self.api.run(
                self._events().list(
                    calendarId=calendar, iCalUID=master["iCalUID"], showDeleted=True, maxResults=PAGE, **told
                )
            )
            items += page.get("items", ())
            token = str(page.get("nextPageToken") or "")
            if not token:
                break
        own = [one for one in items if one.get("recurringEventId") == event]
        return families([master, *own])[event]

    def record(self, calendar: str, family: Family) -> ObjectRecord:
        """An object with its text. Google's etags are of single events, so the object's is a digest of it all."""
        data = texts.text(family, self.zone(calendar))
        return ObjectRecord(family.id, f"hash:{hashlib.sha256(data).hexdigest()}", data)

    def whole(self, calendar: str) -> tuple[dict[str, Family], str]:
        """Every object of a calendar, and the token from which on changes are told."""
        items: list[Json] = []
        token = ""
        for page, following in self.items(calendar, ""):
            items += page
            token = following
        return families(items), token

    def _events(self) -> Any:
        return self.api.service.events()


def _record(told: Json) -> CollectionRecord:
    return CollectionRecord(
        remote_id=str(told["id"]),
        name=str(told.get("summaryOverride") or told.get("summary") or told["id"]),
        writable=told.get("accessRole") in WRITABLE,
        color=str(told.get("backgroundColor", "")).lower(),
        description=str(told.get("description", "")),
        timezone=str(told.get("timeZone", "")),
        components=("VEVENT",),
        schedules=True,
    )


def touched(items: Sequence[Json]) -> tuple[dict[str, Json], dict[str, list[Json]]]:
    """What changed: events that stand alone by id, and by series the instances that did."""
    alone: dict[str, Json] = {}
    instances: dict[str, list[Json]] = {}
    for item in items:
        if item.get("recurringEventId"):
            instances.setdefault(str(item["recurringEventId"]), []).append(item)
        else:
            alone[str(item["id"])] = item
    return alone, instances
