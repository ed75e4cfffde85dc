"""Changes to mail, each safe to be repeated when its answer was lost: what is as it shall be is left alone.

Messages are addressed by their immutable ids, so a flag follows a message that somebody moved meanwhile; a move or a
deletion does not: who took it out of the folder since then has decided otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import (
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    FlagsRecord,
    MoveMessages,
    Receipt,
    RenameMailbox,
    StoreFlags,
)

from . import messages, rounds
from .folders import ROOT
from .graph import Graph, Json, segment
from .messages import EPOCH, Facts
from .places import Places

TRIES: Final = 4
"""How often a message is read and written again that somebody changes at the same time."""


class Writer:
    """Carries out commands of one account."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self._graph, self._places = graph, places

    # ------------------------------------------------------------------ messages

    def store(self, command: StoreFlags) -> Receipt:
        """Flags and categories. Raises Rejected, in a sentence, for a mark that Outlook does not have."""
        check_epoch(command.epoch)
        for flag in command.add:
            messages.check_flag(flag)
        ids = self._ids(command.mailbox, command.uids)

        def one(uid: int) -> FlagsRecord | None:
            flags = self._store(ids[uid], command) if uid in ids else None
            return FlagsRecord(uid, flags) if flags is not None else None

        told = self._graph.together(one, command.uids)
        missing = tuple(uid for uid, record in zip(command.uids, told, strict=True) if record is None)
        return Receipt(flags=tuple(record for record in told if record is not None), missing=missing)

    def _store(self, name: str, command: StoreFlags) -> frozenset[str] | None:
        """The flags that the message has afterwards; None when it is gone."""
        for _ in range(TRIES):
            facts = rounds.facts(self._graph, name)
            if facts is None:
                return None
            body = messages.change(facts, command.add, command.remove)
            if not body:
                return facts.flags
            # Categories are written as a whole: one that somebody gives at the same time must not be lost.
            match = facts.etag if "categories" in body else ""
            try:
                self._graph.send("PATCH", f"messages/{segment(name)}", body, if_match=match)
            except errors.NotFound:
                return None
            except errors.Conflict:
                continue
            return messages.with_flags(facts, body)
        raise errors.Transient("somebody changes the message all the time")

    def move(self, command: MoveMessages) -> Receipt:
        """Into another folder. Raises NotFound when that is gone."""
        check_epoch(command.epoch)
        ids = self._ids(command.mailbox, command.uids, command.identities)

        def one(uid: int) -> Facts | None:
            return self._move(ids[uid], command) if uid in ids else None

        moved = dict(zip(command.uids, self._graph.together(one, command.uids), strict=True))
        found = {uid: facts.uid for uid, facts in moved.items() if facts is not None}
        self._places.remember(facts for facts in moved.values() if facts is not None)
        return Receipt(moved=found, missing=tuple(uid for uid in command.uids if uid not in found), epoch=EPOCH)

    def _move(self, name: str, command: MoveMessages) -> Facts | None:
        facts = rounds.facts(self._graph, name)
        if facts is None or facts.folder == command.to:
            return facts  # gone; or an answer was lost
        if facts.folder != command.mailbox:
            return None
        try:
            path = f"messages/{segment(name)}/move"
            answer = self._graph.send("POST", path, {"destinationId": command.to}).json
        except errors.NotFound:
            facts = rounds.facts(self._graph, name)
            if facts is None or facts.folder == command.to:
                return facts
            raise
        return replace(facts, folder=command.to, version=str(answer.get("changeKey") or facts.version))

    def expunge(self, command: ExpungeMessages) -> Receipt:
        """Delete for good what is still in the folder."""
        check_epoch(command.epoch)
        ids = self._ids(command.mailbox, command.uids)
        self._graph.together(lambda name: self.purge(name, command.mailbox), list(ids.values()))
        return Receipt(missing=tuple(uid for uid in command.uids if uid not in ids))

    def purge(self, name: str, folder: str) -> None:
        """Delete one message for good; one that is gone, or elsewhere, is left alone."""
        facts = rounds.facts(self._graph, name)
        if facts is None or facts.folder != folder:
            return
        try:
            self._graph.send("POST", f"messages/{segment(name)}/permanentDelete")
        except errors.NotFound:
            return

    def _ids(self, mailbox: str, uids: Iterable[int], told: Mapping[int, str] | None = None) -> dict[int, str]:
        identities = self._places.identities(mailbox, tuple(uids), told)
        return {uid: messages.id_of(identity) for uid, identity in identities.items()}

    # ------------------------------------------------------------------ folders

    def create(self, command: CreateMailbox) -> Receipt:
        """A folder; one of that name that is there already is what was wanted."""
        path = f"mailFolders/{segment(command.parent)}/childFolders" if command.parent else "mailFolders"
        try:
            made = self._graph.send("POST", path, {"displayName": command.name}).json
        except errors.Conflict:
            made = self._named(path, command.name)
        return Receipt(mailbox=str(made["id"]))

    def _named(self, path: str, name: str) -> Json:
        for item in self._graph.values(path, "odata.maxpagesize=200", includeHiddenFolders="true"):
            if str(item.get("displayName", "")).casefold() == name.casefold():
                return item
        raise errors.Transient("a folder of this name is there, and not in the list yet")

    def rename(self, command: RenameMailbox) -> Receipt:
        """Another name, another place, or both. Raises Rejected when one of that name is there."""
        path = f"mailFolders/{segment(command.mailbox)}"
        now = self._graph.get(path, select="id,displayName,parentFolderId")
        to = str(self._graph.get(f"mailFolders/{segment(command.parent or ROOT)}", select="id")["id"])
        try:
            if now["parentFolderId"] != to:
                self._graph.send("POST", f"{path}/move", {"destinationId": to})
            if now["displayName"] != command.name:
                self._graph.send("PATCH", path, {"displayName": command.name})
        except errors.Conflict as error:
            raise errors.Rejected("there is a folder of this name already", said=error.said) from None
        return Receipt(mailbox=command.mailbox)

    def delete(self, command: DeleteMailbox) -> Receipt:
        """Gone for good, with all that is in it: the first deletion puts a folder below Deleted Items.

        So that repeating it after a lost answer ends the same way, it is deleted until it is not there.
        """
        path = f"mailFolders/{segment(command.mailbox)}"
        for _ in range(TRIES):
            try:
                self._graph.send("DELETE", path)
            except errors.NotFound:
                return Receipt(mailbox=command.mailbox)
        raise errors.Transient("the folder comes back each time it is deleted")


def check_epoch(epoch: int | None) -> None:
    """Raises CursorExpired for UIDs that are not ours."""
    if epoch not in (None, EPOCH):
        raise errors.CursorExpired(f"the epoch {epoch} is now {EPOCH}")
