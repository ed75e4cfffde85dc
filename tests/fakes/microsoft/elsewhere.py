"""A person at another client: changes that reach the mailbox without passing the interface that is tested."""

from tests.fakes.microsoft import messages
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.folders import move_folder, rename_folder
from tests.fakes.microsoft.graph import Graph
from tests.fakes.microsoft.mailbox import Container, Message
from tests.fakes.microsoft.post import deliver


class Elsewhere:
    """What one person does with mail. Folders are named by id or well-known name."""

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
