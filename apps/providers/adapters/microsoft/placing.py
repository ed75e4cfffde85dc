"""Messages of our own in a folder: put there, found again by a header, taken away.

Graph makes a draft of whatever is posted as MIME: a message put into another folder than Drafts is shown there as one.
"""

import base64
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Appended, Found

from . import messages, rounds
from .commands import Writer, check_epoch
from .graph import Graph, Json, segment
from .messages import EPOCH, EXPAND, SELECT, Facts, facts_of
from .places import Places

MIME_MOST: Final = 3 * 1024 * 1024
"""Octets of a message that is posted as MIME: with base64 about the 4 MB that Graph takes in one request."""
WELL_KNOWN: Final = {"drafts": "drafts", "sent": "sentitems", "archive": "archive", "trash": "deleteditems"}
"""What is asked for by a plain name before the list of folders is mirrored."""
NEWEST: Final = 500
"""Messages whose headers are read for a header that Graph does not filter by."""
TEXT: Final = {"Content-Type": "text/plain"}


class Placing:
    """Puts, finds and removes messages of one account."""

    def __init__(self, graph: Graph, places: Places, writer: Writer) -> None:
        self._graph, self._places, self._writer = graph, places, writer

    def append(self, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
        """See MailAdapter.append. The moment of receipt is Exchange's own: it takes none from us."""
        if len(message) > MIME_MOST:
            raise errors.Rejected(f"the message has {len(message)} bytes, and Graph takes {MIME_MOST}")
        facts = self.create(mailbox, message)
        body = messages.change(facts, [flag for flag in flags if flag.lower() != "\\draft"], ())
        if body:
            answer = self._graph.send("PATCH", f"messages/{segment(facts.id)}", body).json
            facts = facts_of(facts_json(answer))
        self._places.remember([facts])
        return Appended(EPOCH, facts.uid)

    def create(self, mailbox: str, message: bytes) -> Facts:
        """The message as a draft in that folder. Raises Rejected when it is not taken."""
        content = base64.b64encode(message)
        try:
            answer = self._graph.ask("POST", self._graph.url(self._path(mailbox)), content, TEXT)
        except (errors.NotFound, errors.Rejected) as error:
            if not self._is_missing(mailbox, error):
                raise
            made = self._graph.send("POST", "mailFolders", {"displayName": mailbox}).json
            answer = self._graph.ask("POST", self._graph.url(self._path(str(made["id"]))), content, TEXT)
        return facts_of(facts_json(answer.json))

    def _is_missing(self, mailbox: str, error: errors.AdapterError) -> bool:
        """Whether it is the folder that does not exist; a plain name is no id, which Graph says with 400."""
        if isinstance(error, errors.NotFound):
            return True
        try:
            self._graph.get(f"mailFolders/{segment(self._name(mailbox))}", select="id")
        except (errors.NotFound, errors.Rejected):
            return True
        return False

    def _name(self, mailbox: str) -> str:
        return WELL_KNOWN.get(mailbox.lower(), mailbox)

    def _path(self, mailbox: str) -> str:
        return f"mailFolders/{segment(self._name(mailbox))}/messages"

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """See MailAdapter.find. Message-ID is asked for; of another header the newest messages are read."""
        try:
            found = list(self._found(mailbox, header, value))
        except (errors.NotFound, errors.Rejected) as error:
            if not self._is_missing(mailbox, error):
                raise
            return Found(EPOCH, ())
        self._places.remember(found)
        return Found(EPOCH, tuple(sorted(facts.uid for facts in found)))

    def _found(self, mailbox: str, header: str, value: str) -> Iterator[Facts]:
        path = self._path(mailbox)
        if header.lower() == "message-id":
            quoted = value.replace("'", "''")
            same = self._graph.values(path, select=SELECT, filter=f"internetMessageId eq '{quoted}'")
            yield from map(facts_of, same)
            return
        select = f"{SELECT},internetMessageHeaders"
        listed = self._graph.values(path, "odata.maxpagesize=100", select=select, orderby="receivedDateTime desc")
        for _, item in zip(range(NEWEST), listed, strict=False):
            headers = item.get("internetMessageHeaders") or ()
            if any(_is(one, header) and value in str(one.get("value") or "") for one in headers):
                yield facts_of(item)

    def remove(self, mailbox: str, epoch: int, uids: Collection[int]) -> None:
        """See MailAdapter.remove. A version of a draft that was edited since is no longer that message."""
        if not uids:
            return
        check_epoch(epoch)
        identities = self._places.identities(mailbox, uids)
        left = set(uids) - identities.keys()
        if left:
            identities |= {facts.uid: facts.identity for facts in self._listed(mailbox) if facts.uid in left}
        for identity in identities.values():
            facts = rounds.facts(self._graph, messages.id_of(identity))
            if facts is not None and facts.identity == identity:
                self._writer.purge(facts.id, facts.folder)

    def identity(self, mailbox: str, uid: int) -> str:
        """The identity of one message, by the folder's own list where nobody remembers it. Raises NotFound."""
        known = self._places.identities(mailbox, [uid])
        if uid in known:
            return known[uid]
        for facts in self._listed(mailbox):
            if facts.uid == uid:
                return facts.identity
        raise errors.NotFound("the message is not in this folder")

    def _listed(self, mailbox: str) -> Iterator[Facts]:
        try:
            yield from map(
                facts_of,
                self._graph.values(self._path(mailbox), rounds.prefer(rounds.LISTED), select=SELECT, expand=EXPAND),
            )
        except (errors.NotFound, errors.Rejected) as error:
            if not self._is_missing(mailbox, error):
                raise


def facts_json(answer: Json) -> Json:
    """What a write answers, as far as it is about the message."""
    return {name: answer.get(name) for name in ("id", *messages.FIELDS, "@odata.etag")}


def _is(header: Json, name: str) -> bool:
    return str(header.get("name", "")).lower() == name.lower()
