"""Meetings: what an organizer writes reaches those who are invited, and what they answer reaches the organizer."""

import copy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Final, Literal

from tests.fakes.microsoft import mime
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.instances import NEVER, Instance
from tests.fakes.microsoft.mailbox import Event, Mailbox
from tests.fakes.microsoft.post import deliver

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph

What = Literal["request", "cancel", "accepted", "declined", "tentativelyAccepted"]
OWN: Final = frozenset(
    "isOrganizer responseStatus showAs reminderMinutesBeforeStart isReminderOn categories transactionId".split()
)
"""What everybody has for himself."""
_SUBJECTS: Final[dict[What, str]] = {
    "request": "", "cancel": "Canceled: ", "accepted": "Accepted: ", "declined": "Declined: ",
    "tentativelyAccepted": "Tentative: ",
}  # fmt: skip
_KINDS: Final[dict[What, tuple[str, str]]] = {
    "request": ("eventMessageRequest", "meetingRequest"),
    "cancel": ("eventMessage", "meetingCancelled"),
    "accepted": ("eventMessageResponse", "meetingAccepted"),
    "declined": ("eventMessageResponse", "meetingDeclined"),
    "tentativelyAccepted": ("eventMessageResponse", "meetingTentativelyAccepted"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail about a meeting, which the calendar's writer did not ask for by itself."""

    at: datetime
    what: What
    sender: str
    recipients: tuple[str, ...]
    subject: str
    comment: str


def tell(graph: "Graph", mailbox: Mailbox, event: Event, what: What, comment: str = "") -> None:
    """Tell everybody who is invited what the organizer wrote; nobody can keep it silent."""
    guests = mime.addresses(event.values["attendees"])
    if not event.values["isOrganizer"] or not guests:
        return
    _mail(graph, mailbox, event, what, guests, comment)
    for address in guests:
        theirs = _mailbox(graph, address)
        if theirs is not None and theirs is not mailbox:
            _refresh(theirs, event)


def cancel(graph: "Graph", mailbox: Mailbox, event: Event, comment: str) -> None:
    """The meeting does not take place: it stays with the guests, marked."""
    guests = mime.addresses(event.values["attendees"])
    if not event.values["isOrganizer"] or not guests:
        return
    _mail(graph, mailbox, event, "cancel", guests, comment)
    for address in guests:
        theirs = _mailbox(graph, address)
        copied = _copy_in(theirs, event.uid) if theirs else None
        if theirs is not None and copied is not None:
            subject = f"Canceled: {copied.values['subject']}"
            _write(theirs, copied, {"isCancelled": True, "showAs": "free", "subject": subject})


def respond(
    graph: "Graph", mailbox: Mailbox, instance: Instance, answer: What, *, send: bool, comment: str = ""
) -> None:
    """Answer an invitation. Raises when one is the organizer, or no answer was asked for."""
    event = instance.event
    if event.values["isOrganizer"]:
        raise refuse("respond")
    if send and not event.values["responseRequested"]:
        raise refuse("no response")
    status = {"response": answer, "time": graph_time(graph.clock.now())}
    shown = {"accepted": "busy", "tentativelyAccepted": "tentative"}.get(answer, "free")
    if instance.day is not None:
        _respond_once(mailbox, instance, status, shown)
    elif answer == "declined":
        mailbox.remove(event)
    else:
        _write(mailbox, event, {"responseStatus": status, "showAs": shown})
    if send:
        _answered(graph, mailbox, event, answer, status, comment)


def _respond_once(mailbox: Mailbox, instance: Instance, status: dict[str, Any], shown: str) -> None:
    event, day = instance.event, instance.day
    assert day is not None
    if status["response"] == "declined":
        event.exceptions.pop(day, None)
        event.cancelled.add(day)
    else:
        zones = instance.values["start"]["timeZone"], instance.values["end"]["timeZone"]
        times = {
            "start": {"dateTime": instance.start.isoformat(), "timeZone": zones[0]},
            "end": {"dateTime": instance.end.isoformat(), "timeZone": zones[1]},
        }
        own = instance.exception or Event("", "", event.parent, times, event.created, mailbox.clock.now())
        own.values |= {"responseStatus": status, "showAs": shown}
        own.change_key = mailbox.new_key()
        event.exceptions[day] = own
    mailbox.changed(event, ["responseStatus"], told=mailbox.occurrence_ids(event, day))


def _answered(
    graph: "Graph", mailbox: Mailbox, event: Event, answer: What, status: dict[str, Any], comment: str
) -> None:
    organizer = mime.addresses([event.values["organizer"]])
    _mail(graph, mailbox, event, answer, organizer, comment)
    theirs = _mailbox(graph, organizer[0])
    original = _copy_in(theirs, event.uid) if theirs else None
    if theirs is None or original is None:
        return
    attendees = copy.deepcopy(original.values["attendees"])
    for one in attendees:
        if one["emailAddress"]["address"].lower() in mailbox.person.addresses:
            one["status"] = status
    _write(theirs, original, {"attendees": attendees})


def _mailbox(graph: "Graph", address: str) -> Mailbox | None:
    person = graph.directory.find_person(address)
    return graph.mailbox(person) if person is not None and person.licensed else None


def _copy_in(mailbox: Mailbox, uid: str) -> Event | None:
    events = (item for item in mailbox.items.values() if isinstance(item, Event))
    return next((event for event in events if event.uid == uid), None)


def _write(mailbox: Mailbox, event: Event, changes: dict[str, Any]) -> None:
    event.values |= changes
    mailbox.changed(event, changes)
    event.series_key = event.change_key


def _refresh(mailbox: Mailbox, event: Event) -> None:
    """Make the guest's copy what the organizer's event is, but for what everybody has for himself."""
    shared = {name: copy.deepcopy(value) for name, value in event.values.items() if name not in OWN}
    mine = _copy_in(mailbox, event.uid)
    if mine is None:
        now = mailbox.clock.now()
        parent = mailbox.well_known("calendar").id
        mine = Event(mailbox.new_id(), mailbox.new_id(), parent, {}, now, now, uid=event.uid)
        mine.values = {name: copy.deepcopy(event.values[name]) for name in OWN if name in event.values} | {
            "isOrganizer": False,
            "showAs": "tentative",
            "categories": [],
            "responseStatus": {"response": "notResponded", "time": NEVER},
        }
        mine.values.pop("transactionId", None)
        mailbox.add(mine)
    mine.exceptions, mine.cancelled = copy.deepcopy(event.exceptions), set(event.cancelled)
    _write(mailbox, mine, shared)


def _mail(graph: "Graph", mailbox: Mailbox, event: Event, what: What, recipients: list[str], comment: str) -> None:
    subject = f"{_SUBJECTS[what]}{event.values.get('subject') or ''}"
    sender = mailbox.person.address
    graph.notices.append(Notice(graph.clock.now(), what, sender, tuple(recipients), subject, comment))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(recipients), " ".join(subject.split())
    message["Message-ID"] = make_msgid(domain=mailbox.person.tenant.domain)
    message.set_content(comment or subject)
    kind, meeting = _KINDS[what]
    for address in recipients:
        theirs = _mailbox(graph, address)
        if theirs is not None and theirs is not mailbox:
            arrived = deliver(theirs, message.as_bytes())
            arrived.values |= {"@odata.type": f"#microsoft.graph.{kind}", "meetingMessageType": meeting}
