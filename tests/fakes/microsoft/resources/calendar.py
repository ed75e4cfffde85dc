"""Calendars declared: calendars, events, their recurrence, and every method on them."""

from typing import Final

from tests.fakes.microsoft.resources.common import (
    BODY,
    COMMENT,
    DATE_TIME_ZONE,
    EMAIL_ADDRESS,
    EXTENDED_PROPERTIES,
    IMPORTANCE,
    PHYSICAL_ADDRESS,
    RECIPIENT,
    RESPONSE_ACTION,
)
from tests.fakes.microsoft.resources.mail import ATTACHMENT
from tests.fakes.microsoft.schema import (
    BOOLEAN,
    DATE,
    GET,
    INTEGER,
    LIST,
    STRING,
    TIME,
    Many,
    Property,
    Route,
    choice,
    either,
    structure,
)

CALENDAR: Final = structure(
    "calendar",
    {
        "id": Property(STRING, "r", null=False),
        "name": Property(STRING, required=True, null=False, sortable=True),
        "color": Property(
            choice(
                "calendarColor",
                "auto lightBlue lightGreen lightOrange lightGray lightYellow lightTeal lightPink lightBrown lightRed "
                "maxColor",
            )
        ),
        "hexColor": Property(STRING, "r"),
        "isDefaultCalendar": Property(BOOLEAN, "r"),
        "changeKey": Property(STRING, "r"),
        "canShare": Property(BOOLEAN, "r"),
        "canViewPrivateItems": Property(BOOLEAN, "r"),
        "canEdit": Property(BOOLEAN, "r"),
        "allowedOnlineMeetingProviders": Property(Many(STRING), "r"),
        "defaultOnlineMeetingProvider": Property(STRING, "r"),
        "isTallyingResponses": Property(BOOLEAN, "r"),
        "isRemovable": Property(BOOLEAN, "r"),
        "owner": Property(EMAIL_ADDRESS, "r"),
    },
)

RESPONSE: Final = structure(
    "responseStatus",
    {
        "response": Property(
            choice("responseType", "none organizer tentativelyAccepted accepted declined notResponded")
        ),
        "time": Property(TIME),
    },
)
ATTENDEE: Final = structure(
    "attendee",
    {
        "type": Property(choice("attendeeType", "required optional resource")),
        "status": Property(RESPONSE),
    },
    RECIPIENT,
)
LOCATION: Final = structure(
    "location",
    {
        "displayName": Property(STRING),
        "locationType": Property(
            choice(
                "locationType",
                "default conferenceRoom homeAddress businessAddress geoCoordinates streetAddress hotel restaurant "
                "localBusiness postalAddress",
            )
        ),
        "locationUri": Property(STRING),
        "locationEmailAddress": Property(STRING),
        "uniqueId": Property(STRING),
        "uniqueIdType": Property(choice("locationUniqueIdType", "unknown locationStore directory private bing")),
        "address": Property(PHYSICAL_ADDRESS),
        "coordinates": Property(structure("outlookGeoCoordinates", {})),
    },
)
_DAYS: Final = choice("dayOfWeek", "sunday monday tuesday wednesday thursday friday saturday")
PATTERN: Final = structure(
    "recurrencePattern",
    {
        "type": Property(
            choice(
                "recurrencePatternType",
                "daily weekly absoluteMonthly relativeMonthly absoluteYearly relativeYearly",
            ),
            null=False,
            required=True,
        ),
        "interval": Property(INTEGER, null=False, required=True),
        "month": Property(INTEGER),
        "dayOfMonth": Property(INTEGER),
        "daysOfWeek": Property(Many(_DAYS)),
        "firstDayOfWeek": Property(_DAYS),
        "index": Property(choice("weekIndex", "first second third fourth last")),
    },
)
RANGE: Final = structure(
    "recurrenceRange",
    {
        "type": Property(choice("recurrenceRangeType", "endDate noEnd numbered"), null=False, required=True),
        "startDate": Property(DATE, null=False, required=True),
        "endDate": Property(DATE),
        "recurrenceTimeZone": Property(STRING),
        "numberOfOccurrences": Property(INTEGER),
    },
)
RECURRENCE: Final = structure(
    "patternedRecurrence",
    {
        "pattern": Property(PATTERN, null=False, required=True),
        "range": Property(RANGE, null=False, required=True),
    },
)

EVENT: Final = structure(
    "event",
    {
        "id": Property(STRING, "r", null=False),
        "createdDateTime": Property(TIME, "r", sortable=True),
        "lastModifiedDateTime": Property(TIME, "r", sortable=True),
        "changeKey": Property(STRING, "r"),
        "categories": Property(Many(STRING)),
        "transactionId": Property(STRING, "c"),
        "originalStartTimeZone": Property(STRING, "r"),
        "originalEndTimeZone": Property(STRING, "r"),
        "originalStart": Property(TIME, "r", hidden=True),
        "occurrenceId": Property(STRING, "r", hidden=True),
        "iCalUId": Property(STRING, "r"),
        "uid": Property(STRING, "r", hidden=True),
        "reminderMinutesBeforeStart": Property(INTEGER),
        "isReminderOn": Property(BOOLEAN),
        "hasAttachments": Property(BOOLEAN, "r"),
        "subject": Property(STRING, sortable=True),
        "bodyPreview": Property(STRING, "r"),
        "importance": Property(IMPORTANCE),
        "sensitivity": Property(choice("sensitivity", "normal personal private confidential")),
        "isAllDay": Property(BOOLEAN),
        "isCancelled": Property(BOOLEAN, "r"),
        "isOrganizer": Property(BOOLEAN, "r"),
        "isDraft": Property(BOOLEAN, "r"),
        "responseRequested": Property(BOOLEAN),
        "seriesMasterId": Property(STRING, "r"),
        "showAs": Property(choice("freeBusyStatus", "free tentative busy oof workingElsewhere unknown")),
        "type": Property(choice("eventType", "singleInstance occurrence exception seriesMaster"), "r"),
        "webLink": Property(STRING, "r"),
        "onlineMeetingUrl": Property(STRING, "r"),
        "isOnlineMeeting": Property(BOOLEAN),
        "onlineMeetingProvider": Property(
            choice("onlineMeetingProviderType", "unknown teamsForBusiness skypeForBusiness skypeForConsumer")
        ),
        "onlineMeeting": Property(structure("onlineMeetingInfo", {"joinUrl": Property(STRING)}), "r"),
        "allowNewTimeProposals": Property(BOOLEAN),
        "hideAttendees": Property(BOOLEAN),
        "responseStatus": Property(RESPONSE, "r"),
        "body": Property(BODY),
        "start": Property(DATE_TIME_ZONE, null=False, required=True, sortable=True),
        "end": Property(DATE_TIME_ZONE, null=False, required=True, sortable=True),
        "location": Property(LOCATION),
        "locations": Property(Many(LOCATION)),
        "recurrence": Property(RECURRENCE),
        "attendees": Property(Many(ATTENDEE)),
        "organizer": Property(RECIPIENT, "r"),
        "attachments": Property(Many(ATTACHMENT), "r", navigation=True),
        "cancelledOccurrences": Property(Many(STRING), "r", hidden=True),
        **EXTENDED_PROPERTIES,
    },
)

READ: Final = either("Calendars.Read", "Calendars.ReadWrite")
READ_BASIC: Final = either("Calendars.ReadBasic", *READ)
WRITE: Final = either("Calendars.ReadWrite")
_WINDOW: Final = frozenset({"startDateTime", "endDateTime"})


def _read(path: str, name: str, **more: object) -> Route:
    return Route("GET", path, name, READ, READ, **more)  # type: ignore[arg-type]  # the fields of Route, by name


def _write(method: str, path: str, name: str, **more: object) -> Route:
    return Route(method, path, name, WRITE, WRITE, **more)  # type: ignore[arg-type]  # the fields of Route, by name


def _for_events(prefix: str) -> list[Route]:
    """The methods of one event, reached directly or through its calendar."""
    respond = {"takes": RESPONSE_ACTION, "returns": "nothing", "status": 202, "optional_body": True}
    return [
        _read(prefix, "event_get", options=GET, entity=EVENT),
        _write("PATCH", prefix, "event_update", entity=EVENT, takes=EVENT, purpose="update"),
        _write("DELETE", prefix, "event_delete", returns="nothing", status=204),
        _read(
            f"{prefix}/instances", "event_instances", options=LIST - {"$filter"} | _WINDOW, requires=_WINDOW,
            entity=EVENT, returns="many",
        ),
        _write("POST", f"{prefix}/accept", "event_accept", **respond),
        _write("POST", f"{prefix}/decline", "event_decline", **respond),
        _write("POST", f"{prefix}/tentativelyAccept", "event_tentatively_accept", **respond),
        _write(
            "POST", f"{prefix}/cancel", "event_cancel", takes=COMMENT, returns="nothing", status=202,
            optional_body=True,
        ),
        _write("POST", f"{prefix}/permanentDelete", "event_purge", returns="nothing", status=204),
    ]  # fmt: skip


def _for_calendars(prefix: str) -> list[Route]:
    """What is listed in the default calendar, or in one that is named."""
    return [
        _read(f"{prefix}events", "event_list", options=LIST, entity=EVENT, returns="many"),
        _write("POST", f"{prefix}events", "event_create", entity=EVENT, takes=EVENT, status=201),
        _read(
            f"{prefix}calendarView", "calendar_view", options=LIST | _WINDOW, requires=_WINDOW, entity=EVENT,
            returns="many",
        ),
        _read(
            f"{prefix}calendarView/delta", "calendar_view_delta", options=_WINDOW, requires=_WINDOW, entity=EVENT,
            returns="delta", tracking="CalendarView",
        ),
    ]  # fmt: skip


ROUTES: Final = [
    Route(
        "GET", "calendars", "calendar_list", READ_BASIC, READ_BASIC, options=LIST, entity=CALENDAR, returns="many"
    ),
    _write("POST", "calendars", "calendar_create", entity=CALENDAR, takes=CALENDAR, status=201),
    Route("GET", "calendar", "calendar_default", READ_BASIC, READ_BASIC, options=GET, entity=CALENDAR),
    Route("GET", "calendars/{calendar}", "calendar_get", READ_BASIC, READ_BASIC, options=GET, entity=CALENDAR),
    _write(
        "PATCH", "calendars/{calendar}", "calendar_update", entity=CALENDAR, takes=CALENDAR, purpose="update"
    ),
    _write("DELETE", "calendars/{calendar}", "calendar_delete", returns="nothing", status=204),
    *_for_calendars(""),
    *_for_calendars("calendar/"),
    *_for_calendars("calendars/{calendar}/"),
    *_for_events("events/{event}"),
    *_for_events("calendars/{calendar}/events/{event}"),
]  # fmt: skip
