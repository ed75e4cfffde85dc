"""From a batch's raw messages to what their rows will hold: parsing, snippet, words, sealed bytes.

All of this happens before the transaction begins; nothing here touches a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from apps.core import blobs, crypto
from apps.core.folding import fold
from apps.core.ids import new_id
from apps.providers.adapters import mime
from apps.providers.adapters.base import MessageRecord

from . import language, linking
from .search import words

# Beyond this a body adds to the index and hardly ever to what a search finds; `truncated` says so.
# The message itself is kept whole.
INDEXED_CHARACTERS: Final = 65_536
SUBJECT_MOST: Final = 5_000
NAMES_MOST: Final = 20_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Draft:
    """A message about to be written."""

    id: UUID
    record: MessageRecord
    mail: mime.ParsedMail
    at: datetime
    snippet: str
    words: tuple[str, str, str, str, str, bytes]
    """Sender, recipients, subject, file names (all folded), body, and their vector in binary form."""
    links: tuple[bytes, ...]
    truncated: tuple[str, ...]
    blob: blobs.BlobRef | None = None
    thread_id: UUID | None = field(default=None)

    @property
    def has_attachment(self) -> bool:
        """True when a part is offered as a file (an inline picture is not)."""
        return any(not part.inline for part in self.mail.attachments)

    @property
    def facts(self) -> dict[str, Any]:
        """Headers that later features read, without a column of their own."""
        mail = self.mail
        facts = {
            "list_id": mail.list_id,
            "list_unsubscribe": mail.list_unsubscribe,
            "list_unsubscribe_post": mail.list_unsubscribe_post,
            "auto_submitted": mail.auto_submitted,
            "precedence": mail.precedence,
            "priority": mail.priority,
            "in_reply_to": mail.in_reply_to,
            "signed": mail.signed,
            "encrypted": mail.encrypted,
            "bounced_message_id": mail.bounced_message_id,
        }
        return {name: value for name, value in facts.items() if value}


def blob_context(message_id: UUID) -> str:
    """What a message's sealed bytes are bound to."""
    return f"message:{message_id}"


def draft(record: MessageRecord) -> Draft:
    """Parse one message; never raises, whatever the bytes are."""
    mail = mime.parse(record.raw or b"", internal_date=record.internal_date)
    at = mail.sort_date or record.internal_date or EPOCH
    truncated = mail.truncated + (("search",) if len(mail.text) > INDEXED_CHARACTERS else ())
    return Draft(
        id=new_id(),
        record=record,
        mail=mail,
        at=at,
        snippet=mime.snippet(mail.text),
        words=_words(mail),
        links=linking.links(mail, record.thread_key),
        truncated=truncated,
    )


def _words(mail: mime.ParsedMail) -> tuple[str, str, str, str, str, bytes]:
    sender = _people(mail.from_ or mail.sender)
    recipients = _people((*mail.to, *mail.cc, *mail.bcc))
    filenames = fold(" ".join(part.filename for part in mail.attachments))[:NAMES_MOST]
    subject, body = mail.subject[:SUBJECT_MOST], mail.text[:INDEXED_CHARACTERS]
    spoken = language.detect(body or subject)
    vector = words.vector(subject, f"{sender} {recipients} {filenames}", body, spoken)
    return sender, recipients, fold(subject), filenames, body, vector


def _people(people: Sequence[mime.Address]) -> str:
    return fold(" ".join(f"{person.name} {person.address}".strip() for person in people))[:NAMES_MOST]


def seal(drafts: list[Draft], key: crypto.DataKey, prefix: str) -> None:
    """Write the drafts' bytes as one sealed pack and note in each where it lies."""
    stored = [item for item in drafts if item.record.raw is not None]
    if not stored:
        return
    pairs = ((blob_context(item.id), item.record.raw or b"") for item in stored)
    for item, ref in zip(stored, blobs.write_pack(prefix, key, pairs), strict=True):
        item.blob = ref
