"""A person at another client: changes that reach the mailbox without passing the interface that is tested."""

from datetime import date
from typing import Any

from tests.fakes.microsoft import agenda, meetings, messages
from tests.fakes.microsoft.addressbook import add_contact, set_photo, write_contact
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.folders import move_folder, rename_folder
from tests.fakes.microsoft.graph import Graph
from tests.fakes.microsoft.instances import Instance, happens, on_date, whole
from tests.fakes.microsoft.mailbox import Contact, Container, Event, Message
from tests.fakes.microsoft.post import deliver, from_mime, post
from tests.fakes.microsoft.resources.calendar import EVENT
from tests.fakes.microsoft.resources.contacts import CONTACT
from tests.fakes.microsoft.schema import check

Values = dict[str, Any]


class Elsewhere:
    """What one person does. Containers are named by id or well-known name, properties are Graph's."""

    def __init__(self, graph: Graph, person: Person) -> None:
        self._graph = graph
        self._mailbox = graph.mailbox(person)

    def _folder(self, name: str) -> Container:
        found = self._mailbox.container(name, "mail")
        assert found is not None, f"{name} is no folder of {self._mailbox.person.address}"
        return found

    def deliver(self, raw: bytes, folder: str = "inbox") -> Message:
        """A message arrives."""
        with self._graph.lock:
            return deliver(self._mailbox, raw, self._folder(folder).id)

    def send(self, raw: bytes) -> Message:
        """Send a message; its copy is in Sent Items."""
        with self._graph.lock:
            message = from_mime(self._mailbox, self._folder("sentitems").id, raw, draft=False)
            message.values["isRead"] = True
            post(self._graph, self._mailbox, message)
            self._mailbox.add(message)
            return message

    def save_draft(self, raw: bytes) -> Message:
        """Write a message and leave it for later."""
        with self._graph.lock:
            message = from_mime(self._mailbox, self._folder("drafts").id, raw, draft=True)
            self._mailbox.add(message)
            return message

    def mark_read(self, message: Message, *, read: bool = True) -> None:
        """Open it, or mark it as unread again."""
        with self._graph.lock:
            messages.write(self._mailbox, message, {"isRead": read})

    def flag(self, message: Message, status: str = "flagged") -> None:
        """Put a flag on it."""
        with self._graph.lock:
            messages.write(self._mailbox, message, {"flag": {"flagStatus": status}})

    def categorise(self, message: Message, *categories: str) -> None:
        """Give it these categories."""
        with self._graph.lock:
            messages.write(self._mailbox, message, {"categories": list(categories)})

    def move(self, message: Message, folder: str) -> None:
        """Put it into another folder."""
        with self._graph.lock:
            self._mailbox.move(message, self._folder(folder))

    def copy(self, message: Message, folder: str) -> Message:
        """Put a copy into a folder."""
        with self._graph.lock:
            return messages.copied(self._mailbox, message, self._folder(folder))

    def delete(self, message: Message) -> None:
        """The delete key."""
        with self._graph.lock:
            messages.delete(self._mailbox, message, self._graph.behaviour.delete_goes_to)

    def purge(self, message: Message) -> None:
        """Shift and the delete key, or a retention policy."""
        with self._graph.lock:
            self._mailbox.remove(message)

    def add_folder(self, name: str, parent: str = "msgfolderroot") -> Container:
        """A new folder."""
        with self._graph.lock:
            return self._mailbox.add_container("mail", name, self._folder(parent).id)

    def add_search_folder(self, name: str) -> Container:
        """A folder that shows what others hold."""
        with self._graph.lock:
            made = self._mailbox.add_container("mail", name, self._folder("msgfolderroot").id)
            made.search = True
            return made

    def rename_folder(self, folder: str, name: str) -> None:
        """Another name."""
        with self._graph.lock:
            rename_folder(self._mailbox, self._folder(folder), name)

    def move_folder(self, folder: str, parent: str) -> None:
        """Below another."""
        with self._graph.lock:
            move_folder(self._mailbox, self._folder(folder), self._folder(parent))

    def remove_folder(self, folder: str) -> None:
        """Gone for good, with all that it holds."""
        with self._graph.lock:
            self._mailbox.remove_container(self._folder(folder))

    # Calendar

    def _calendar(self, name: str) -> Container:
        found = self._mailbox.container(name, "calendar")
        assert found is not None, f"{name} is no calendar of {self._mailbox.person.address}"
        return found

    def add_calendar(self, name: str, *, editable: bool = True) -> Container:
        """A new calendar; one that somebody else shares cannot be written."""
        with self._graph.lock:
            made = self._mailbox.add_container("calendar", name)
            made.editable = editable
            return made

    def add_event(self, values: Values, calendar: str = "calendar") -> Event:
        """Make an appointment, a series or a meeting."""
        with self._graph.lock:
            body = check(values, EVENT, "create")
            return agenda.create(self._graph, self._mailbox, self._calendar(calendar), body)

    def edit_event(self, event: Event, changes: Values) -> None:
        """Change all of it."""
        with self._graph.lock:
            agenda.update(self._graph, self._mailbox, whole(event), check(changes, EVENT, "update"))

    def edit_occurrence(self, event: Event, day: date, changes: Values) -> None:
        """Change one occurrence, by the date that the pattern meant it for."""
        with self._graph.lock:
            body = check(changes, EVENT, "update")
            agenda.update(self._graph, self._mailbox, self._occurrence(event, day), body)

    def name_zone(self, event: Event, name: str) -> None:
        """Write another name for its zone, as other clients do (`tzone://Microsoft/Custom`)."""
        with self._graph.lock:
            event.shown_zone = name
            self._mailbox.changed(event, ["originalStartTimeZone"])
            event.series_key = event.change_key

    def delete_occurrence(self, event: Event, day: date) -> None:
        """Remove one occurrence."""
        with self._graph.lock:
            agenda.remove(self._graph, self._mailbox, self._occurrence(event, day))

    def delete_event(self, event: Event) -> None:
        """Remove all of it."""
        with self._graph.lock:
            agenda.remove(self._graph, self._mailbox, whole(event))

    def answer_invitation(self, event: Event, answer: meetings.What, day: date | None = None) -> None:
        """Accept or decline, and tell the organizer."""
        with self._graph.lock:
            asked = self._occurrence(event, day) if day else whole(event)
            meetings.respond(self._graph, self._mailbox, asked, answer, send=True)

    def _occurrence(self, event: Event, day: date) -> Instance:
        assert happens(event, day), f"nothing happens on {day}"
        return on_date(event, day)

    # Contacts

    def _book(self, name: str) -> Container:
        found = self._mailbox.container(name, "contacts")
        assert found is not None, f"{name} is no contact folder of {self._mailbox.person.address}"
        return found

    def add_contact_folder(self, name: str, parent: str = "") -> Container:
        """A new folder of contacts."""
        with self._graph.lock:
            return self._mailbox.add_container("contacts", name, parent)

    def add_contact(self, values: Values, folder: str = "contacts") -> Contact:
        """Write somebody down."""
        with self._graph.lock:
            return add_contact(self._mailbox, self._book(folder), check(values, CONTACT, "create"))

    def edit_contact(self, contact: Contact, changes: Values) -> None:
        """Change what is written of somebody."""
        with self._graph.lock:
            write_contact(self._mailbox, contact, check(changes, CONTACT, "update"))

    def set_photo(self, contact: Contact, content: bytes) -> None:
        """Another photo."""
        with self._graph.lock:
            set_photo(self._mailbox, contact, content)

    def move_contact(self, contact: Contact, folder: str) -> None:
        """Into another folder."""
        with self._graph.lock:
            self._mailbox.move(contact, self._book(folder))

    def delete_contact(self, contact: Contact) -> None:
        """Strike somebody out."""
        with self._graph.lock:
            self._mailbox.remove(contact)
