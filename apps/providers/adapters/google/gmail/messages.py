"""Reading messages by id: their labels in bulk, their bytes in bounded portions."""

import base64
import binascii
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import FlagsRecord, MessageRecord
from apps.providers.adapters.google.api import AT_ONCE, Api, Json
from apps.providers.adapters.google.gmail import labels

FULL: Final = 100
"""Messages of a portion of which only labels are read; bytes weigh more."""
FEW: Final = 5
"""Up to so many messages are read together with nothing known of their size."""
LARGE: Final = "2M"
"""Messages from this size on are read alone: one may have 150 MB."""
_STATE: Final = "id,threadId,labelIds,internalDate,sizeEstimate"
_ESCAPED: Final = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class State:
    """A message as Gmail has it now. `raw` is None when it was not asked for, empty where Gmail has none."""

    id: str
    thread: str
    labels: frozenset[str]
    at: datetime | None
    size: int
    raw: bytes | None = field(default=None, repr=False)

    @property
    def uid(self) -> int:
        """The id as the number that it is."""
        return uid_of(self.id)

    @property
    def identity(self) -> str:
        """By which the message is known again in whichever mailbox."""
        return f"gm:{self.id}"

    def record(self, *, held: bool) -> MessageRecord:
        """The record of a placement; without its bytes when the mirror holds the message already."""
        raw = None if held else self.raw
        return MessageRecord(
            uid=self.uid,
            flags=labels.flags_of(self.labels),
            identity=self.identity,
            internal_date=self.at,
            size=self.size,
            raw=raw or None,
            thread_key=self.thread or None,
            unreadable=not held and not raw,
        )

    def flags(self) -> FlagsRecord:
        """What a placement that is held carries now."""
        return FlagsRecord(self.uid, labels.flags_of(self.labels))


def uid_of(message_id: str) -> int:
    """Gmail's message ids are 64-bit numbers in hexadecimal whose first bit is unset. Raises Transient otherwise."""
    try:
        number = int(message_id, 16)
    except ValueError:
        number = 0
    if not 0 < number < 1 << 63:
        raise errors.Transient("Gmail names a message by no number")
    return number


def id_of(uid: int) -> str:
    """The message id of a UID."""
    return f"{uid:x}"


def octets(text: str) -> bytes:
    """What base64 of either alphabet says, padded or not. Raises Transient for what is none."""
    try:
        plain = text.encode("ascii").translate(_ESCAPED).rstrip(b"=")
        return base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise errors.Transient("Gmail's answer holds a message that is no base64") from None


class Messages:
    """The messages of one account."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._messages = api.service.users().messages()

    def states(self, ids: Collection[str]) -> dict[str, State | None]:
        """Labels, date and size of each; None for one that is gone. Raises the errors of `adapters.errors`."""
        asked = {one: self._get(one, "minimal", _STATE) for one in ids}
        return {one: _whole(self._state, answer) for one, answer in self.api.each(asked).items()}

    def read(
        self, ids: Sequence[str], whole: Collection[str], large: Collection[str]
    ) -> Iterator[dict[str, State | None]]:
        """Each of them once, in portions that memory bears: those in `whole` with their bytes, of the others only
        what changes. None for one that is gone. `large` names those whose bytes are read alone.

        Raises the errors of `adapters.errors`; the portions before are not lost by that.
        """
        few = len(whole) <= FEW
        portion: dict[str, Any] = {}
        weight = 0
        for one in ids:
            form, fields = ("raw", f"{_STATE},raw") if one in whole else ("minimal", _STATE)
            weighs = 1 if one not in whole else FULL if one in large else FULL // (FEW if few else AT_ONCE)
            if portion and weight + weighs > FULL:
                yield self._portion(portion)
                portion, weight = {}, 0
            portion[one] = self._get(one, form, fields)
            weight += weighs
        if portion:
            yield self._portion(portion)

    def _portion(self, asked: Mapping[str, Any]) -> dict[str, State | None]:
        return {one: _whole(self._state, answer) for one, answer in self.api.each(asked).items()}

    def large(self, within: str = "") -> set[str]:
        """The ids of large messages, by the search: five units for 500 of them, where asking one costs twenty."""
        query = f"larger:{LARGE} {within}".strip()
        return {one for ids, _ in self.pages(q=query, includeSpamTrash=True) for one in ids}

    def raw(self, uid: int) -> bytes:
        """A whole message. Raises NotFound, the errors of `adapters.errors`."""
        answer = self.api.run(self._get(id_of(uid), "raw", "id,raw"))
        return octets(str(answer.get("raw", "")))

    def headers(self, ids: Collection[str], names: Collection[str]) -> dict[str, Mapping[str, Sequence[str]]]:
        """These header fields of each message that is there, by lower-case name."""
        asked = {
            one: self._messages.get(
                userId="me", id=one, format="metadata", metadataHeaders=list(names), fields="id,payload/headers"
            )
            for one in ids
        }
        return {
            one: _headers(answer) for one, answer in self.api.each(asked).items() if _whole(lambda told: told, answer)
        }

    def pages(self, **parameters: Any) -> Iterator[tuple[list[str], str]]:
        """Message ids, newest first, page by page, each with the token of the next; empty after the last."""
        token = str(parameters.pop("pageToken", "") or "")
        while True:
            told = dict(parameters) | ({"pageToken": token} if token else {})
            fields = "messages/id,nextPageToken,resultSizeEstimate"
            answer = self.api.run(self._messages.list(userId="me", maxResults=500, fields=fields, **told))
            token = str(answer.get("nextPageToken") or "")
            yield [str(one["id"]) for one in answer.get("messages", ())], token
            if not token:
                return

    def _get(self, message_id: str, form: str, fields: str) -> Any:
        return self._messages.get(userId="me", id=message_id, format=form, fields=fields)

    @staticmethod
    def _state(told: Json) -> State:
        date = str(told.get("internalDate", ""))
        raw = told.get("raw")
        return State(
            id=str(told["id"]),
            thread=str(told.get("threadId", "")),
            labels=frozenset(map(str, told.get("labelIds", ()))),
            at=datetime.fromtimestamp(int(date) / 1000, UTC) if date.lstrip("-").isdecimal() else None,
            size=int(told.get("sizeEstimate", 0)),
            raw=None if raw is None else octets(str(raw)),
        )


def _whole(read: Any, answer: Json | errors.AdapterError) -> Any:
    """What an answer of a batch says; None for a message that is gone. Raises its error otherwise."""
    if isinstance(answer, errors.NotFound):
        return None
    if isinstance(answer, errors.AdapterError):
        raise answer
    if "id" not in answer:
        raise errors.Transient("Gmail's answer tells of no message")
    return read(answer)


def _headers(answer: Json | errors.AdapterError) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    payload = answer.get("payload", {}) if isinstance(answer, dict) else {}
    for one in payload.get("headers", ()):
        found.setdefault(str(one.get("name", "")).lower(), []).append(str(one.get("value", "")))
    return found
