"""Events and contacts without a server: rows as the engine writes them."""

import uuid
from datetime import UTC, datetime

from apps.calendar import kind as calendar
from apps.calendar.models import Calendar, Event
from apps.collections import ingest as collected
from apps.contacts import kind as contacts
from apps.contacts.models import AddressBook, Contact
from apps.providers.adapters import vcard
from apps.providers.models import ProviderAccount
from tests.mail.fixtures import Box, eml, record


def event(
    account: ProviderAccount, title: str, start: datetime, *, about: str = "", place: str = "", hours: int = 1
) -> Event:
    """An event in a calendar of the account."""
    held, _ = Calendar.objects.get_or_create(account=account, remote_id="/calendar/", defaults={"name": "Work"})
    uid = str(uuid.uuid4())
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}", f"DURATION:PT{hours}H", f"SUMMARY:{title}",
        f"DESCRIPTION:{about}", f"LOCATION:{place}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return _filled(
        Event(account=account, collection=held, remote_id=f"{uid}.ics", etag="1"), "\r\n".join(lines).encode()
    )


def change(row: Event, old: str, new: str) -> Event:
    """An event's text with something else in it, as a sync brings it."""
    row.rev += 1
    return _filled(row, bytes(row.data).replace(old.encode(), new.encode()))


def _filled(row: Event, data: bytes) -> Event:
    row.data = data
    collected.fill(row, calendar.KIND.read(data, row.collection)).save()
    return row


def contact(account: ProviderAccount, name: str, email: str = "", **more: object) -> Contact:
    """A contact in an address book of the account."""
    book, _ = AddressBook.objects.get_or_create(account=account, remote_id="/book/", defaults={"name": "People"})
    mail = [{"value": email, "label": "", "preferred": False}] if email else []
    uid = str(uuid.uuid4())
    data = vcard.new({"full_name": name, "emails": mail} | more, uid)
    row = Contact(account=account, collection=book, remote_id=f"/book/{uid}.vcf", etag="1", data=data)
    collected.fill(row, contacts.KIND.read(data, book)).save()
    return row


def mail(
    box: Box, uid: int, subject: str, body: str, mailbox: str = "INBOX", sender: str = "Bob <bob@partner.example>"
) -> None:
    """A message that arrives."""
    box.arrive(record(uid, eml(uid, subject, body=body, sender=sender)), mailbox=mailbox)
