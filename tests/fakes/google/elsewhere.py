"""Somebody at another client: the same mailbox, calendar and contacts change, and nothing of it is in the journal."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.fakes.google import bodies, discovery, query
from tests.fakes.google.calls import HANDLERS, Answer, Call
from tests.fakes.google.gmail.mailbox import Mailbox, Stored
from tests.fakes.google.grants import Access
from tests.fakes.google.people.address_book import Contact
from tests.fakes.google.people.persons import source_etag

if TYPE_CHECKING:
    from tests.fakes.google.service import Google

Json = dict[str, Any]


class Elsewhere:
    """What people do while nobody looks."""

    def __init__(self, google: "Google") -> None:
        self._google = google

    def call(self, user: str, method: str, body: Json | None = None, **parameters: Any) -> Json:
        """Any method, with every scope; parameters are checked as they are for everybody. Raises Refusal.

        elsewhere.call("a@x.example", "calendar.events.patch", {"summary": "New"}, calendarId="primary", eventId="e")
        """
        google = self._google
        document, found = discovery.named(method)
        path = {
            name: str(parameters.pop(name))
            for name, spec in found.parameters.items()
            if spec["location"] == "path" and name in parameters
        }
        if "userId" in found.parameters:
            path.setdefault("userId", "me")
        match = discovery.Match(document, found, path)
        pairs = [(name, _text(one)) for name, value in parameters.items() for one in _several(value)]
        access = Access("", user, "", "", document.scopes, google.clock.now() + 60)
        read, _ = bodies.read(document, found.request, json.dumps(body or {}).encode()) if found.request else ({}, ())
        call = Call(google, match, query.read(match, pairs), access, read)
        call.given = frozenset(parameters)
        with google.lock:
            answer = HANDLERS[method](call)
        return (answer.body if isinstance(answer, Answer) else answer) or {}

    # Mail

    def mailbox(self, user: str) -> Mailbox:
        """The state itself."""
        return self._google.gmail.mailboxes[user]

    def deliver(
        self, user: str, raw: bytes, labels: Iterable[str] = ("INBOX", "UNREAD", "CATEGORY_PERSONAL")
    ) -> Stored:
        """A message arrives."""
        with self._google.lock:
            return self.mailbox(user).add(raw, labels)

    def chat(self, user: str, text: str) -> Stored:
        """A line of a chat, which lies among the messages."""
        return self.deliver(user, b"From: chat@x.example\r\n\r\n" + text.encode(), ["CHAT"])

    def relabel(self, user: str, message: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Stored:
        """Read, star, archive, file."""
        with self._google.lock:
            return self.mailbox(user).relabel(message, add, remove)

    def trash(self, user: str, message: str) -> Stored:
        """Into the trash."""
        with self._google.lock:
            return self.mailbox(user).trash(message)

    def delete(self, user: str, message: str) -> None:
        """For good."""
        with self._google.lock:
            self.mailbox(user).remove(message)

    def classify(self, user: str, message: str) -> Stored:
        """The classifier flips IMPORTANT, though nobody asked it to."""
        with self._google.lock:
            stored = self.mailbox(user).messages[message]
            flip = ("IMPORTANT",)
            return self.relabel(user, message, *((), flip) if "IMPORTANT" in stored.labels else (flip, ()))

    def label(self, user: str, name: str) -> str:
        """A new label's id."""
        return str(self.call(user, "gmail.users.labels.create", {"name": name})["id"])

    # Calendar

    def add_event(self, user: str, event: Json, calendar: str = "primary", **parameters: Any) -> Json:
        """A new event."""
        return self.call(user, "calendar.events.insert", event, calendarId=calendar, **parameters)

    def special_event(self, user: str, kind: str, event: Json) -> Json:
        """An event that Google made: `birthday` or `fromGmail`."""
        with self._google.lock:
            made = self.add_event(user, event)
            calendar = self._google.agenda.calendars[user]
            stored = calendar.events[made["id"]]
            self._google.agenda.put(calendar, stored.data | {"eventType": kind}, stored.data)
            return made

    def edit_event(self, user: str, event: str, patch: Json, calendar: str = "primary", **parameters: Any) -> Json:
        """Change an event, a series, or one instance by its id."""
        return self.call(user, "calendar.events.patch", patch, calendarId=calendar, eventId=event, **parameters)

    def delete_event(self, user: str, event: str, calendar: str = "primary", **parameters: Any) -> None:
        """Delete an event, a series, or one instance by its id."""
        self.call(user, "calendar.events.delete", None, calendarId=calendar, eventId=event, **parameters)

    def answer(self, user: str, event: str, response: str) -> Json:
        """A guest accepts, declines, or is not sure."""
        patch = {"attendees": [{"email": user, "responseStatus": response}], "attendeesOmitted": True}
        return self.edit_event(user, event, patch)

    def split_series(self, user: str, series: str, instance: str, changes: Json | None = None) -> Json:
        """ "This and following": the old series ends before an instance, and a new one begins there.

        The new one's id is the old one's with `_R` and the time; instances that were changed stay behind in the
        old series, as cancelled ones. The rule must not count: what is left of a COUNT is not worked out.
        """
        with self._google.lock:
            old = self.call(user, "calendar.events.get", calendarId="primary", eventId=series)
            first = self.call(user, "calendar.events.get", calendarId="primary", eventId=instance)
            stamp = instance.rpartition("_")[2]
            self.edit_event(user, series, {"recurrence": [_ended(line, stamp) for line in old["recurrence"]]})
            calendar = self._google.agenda.calendars[user]
            data = calendar.events[series].data | {
                "id": f"{series}_R{stamp.rstrip('Z')}",
                "iCalUID": f"{series}_R{stamp.rstrip('Z')}@google.com",
                "recurrence": old["recurrence"],
                "start": first["originalStartTime"] | {"timeZone": old["start"].get("timeZone", calendar.zone)},
                "end": first["end"] | {"timeZone": old["end"].get("timeZone", calendar.zone)},
            }
            for key in ("start", "end"):
                if "date" in data[key]:
                    del data[key]["timeZone"]
            self._google.agenda.put(calendar, data)
            return self.edit_event(user, data["id"], changes or {})

    # Contacts

    def add_contact(self, user: str, person: Json) -> Json:
        """A new contact."""
        return self.call(user, "people.people.createContact", person)

    def edit_contact(self, user: str, name: str, fields: Mapping[str, Any]) -> Json:
        """Replace some of its fields."""
        contact = self._contact(user, name)
        source = {"type": "CONTACT", "id": contact.source, "etag": source_etag(contact)}
        body = {**fields, "metadata": {"sources": [source]}}
        return self.call(
            user, "people.people.updateContact", body, resourceName=name, updatePersonFields=",".join(fields)
        )

    def delete_contact(self, user: str, name: str) -> None:
        """Delete it."""
        self.call(user, "people.people.deleteContact", None, resourceName=name)

    def link_contact(self, user: str, name: str) -> str:
        """The contact is joined to a profile: its resource name is another from now on."""
        with self._google.lock:
            return self._google.people[user].rename(self._contact(user, name)).name

    def _contact(self, user: str, name: str) -> Contact:
        return self._google.people[user].contacts[name]


def _ended(line: str, stamp: str) -> str:
    """The rule with an UNTIL just before an instance."""
    if not line.startswith("RRULE"):
        return line
    if "T" in stamp:
        last = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) - timedelta(seconds=1)
        until = f"{last:%Y%m%dT%H%M%SZ}"
    else:
        until = f"{datetime.strptime(stamp, '%Y%m%d').replace(tzinfo=UTC) - timedelta(days=1):%Y%m%d}"
    return re.sub(r";(UNTIL|COUNT)=[^;]*", "", line) + f";UNTIL={until}"


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
