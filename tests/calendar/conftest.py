"""A person with a calendar at a real Radicale."""

from collections.abc import Iterator

import pytest
from rest_framework.test import APIClient

from apps.providers.adapters.dav import Service
from tests.dav.desk import DavDesk, dav_desk
from tests.providers.radicale import Radicale
from tests.tenants.fixtures import Cast, Make


class Diary(DavDesk):
    """One account with one calendar."""

    def event(self, uid: str, *lines: str, title: str = "Standup", start: str = "20260302T090000Z") -> str:
        """Put an event of half an hour at the server; its path."""
        return self._put(uid, f"DTSTART:{start}", "DURATION:PT30M", f"SUMMARY:{title}", *lines)

    def whole_day(self, uid: str, day: str, *lines: str) -> str:
        """Put an event of one day at the server; its path."""
        return self._put(uid, f"DTSTART;VALUE=DATE:{day}", "SUMMARY:Whole day", *lines)

    def _put(self, uid: str, *lines: str) -> str:
        head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", "BEGIN:VEVENT", f"UID:{uid}")
        told = "\r\n".join((*head, "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""))
        return self.put(f"{self.place}{uid}.ics", told.encode())


@pytest.fixture
def diary(cast: Cast, radicale: Radicale) -> Iterator[Diary]:
    with dav_desk(cast, radicale, Service.CALDAV) as desk:
        yield Diary(**vars(desk))


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    """The owner's browser."""
    return make.client(cast.owner)
