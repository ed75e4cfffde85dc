"""What an iCalendar object says, as it is shown."""

from dataclasses import dataclass

from .moments import NONE, Length, Moment


@dataclass(frozen=True, slots=True)
class Attendee:
    """One who takes part, or who invites (RFC 5545 sections 3.8.4.1 and 3.8.4.3). `address` is without `mailto:`.

    `status` is the PARTSTAT, `role` the ROLE, `kind` the CUTYPE, `sent` the server's SCHEDULE-STATUS.
    """

    address: str
    name: str = ""
    status: str = "NEEDS-ACTION"
    role: str = "REQ-PARTICIPANT"
    kind: str = "INDIVIDUAL"
    rsvp: bool = False
    sent: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is attached: a link that nobody follows, or octets that lie in the text."""

    uri: str = ""
    media_type: str = ""
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One VEVENT, VTODO or VJOURNAL: of a series the series itself, or one of its overrides (`recurrence_id`).

    `alarms` are minutes before the start of those alarms that say so. `busy`: the time is taken.
    """

    start: Moment | None = None
    end: Moment | None = None
    length: Length = NONE
    recurrence_id: Moment | None = None
    onward: bool = False
    """The override is of all instances from its own on (RANGE=THISANDFUTURE)."""
    title: str = ""
    location: str = ""
    description: str = ""
    url: str = ""
    status: str = ""
    busy: bool = True
    visibility: str = ""
    color: str = ""
    categories: tuple[str, ...] = ()
    rule: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    alarms: tuple[int, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    priority: int = 0
    sequence: int = 0
    stamp: Moment | None = None
    due: Moment | None = None
    completed: Moment | None = None
    percent: int = 0

    @property
    def cancelled(self) -> bool:
        """It does not take place."""
        return self.status == "CANCELLED"
