"""One message handed to Exchange, at most once: a draft of it is made, then sent.

    draft ──▶ [before_the_end] ──▶ send ──▶ 202
                                     │ no answer
                                     ▼
                         the draft is read, and deleted if it is one still and as it was read: that it can be
                         shows that it did not leave

Sending changes the change key, so of the two exactly one happens. Where even that is not answered it is `Unknown`, and
the Sent folder must be searched.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Traffic
from apps.providers.adapters.mime import addresses, structure, transfer
from apps.providers.adapters.mime.headers import Notes
from apps.providers.adapters.smtp.submission import Envelope, Offer, Taken, Unknown

from .graph import Graph, segment
from .messages import Facts, facts_of
from .placing import MIME_MOST, TEXT, facts_json

log = structlog.get_logger(__name__)

MESSAGE_MOST: Final = 35 * 1024 * 1024
"""What Exchange Online takes where no administrator decided otherwise."""
RECIPIENTS_MOST: Final = 500
ATTACHMENT_MOST: Final = 3 * 1024 * 1024
"""Above, an attachment needs an upload session (Graph, "Attach large files")."""
CHUNK: Final = 3 * 1024 * 1024
TRIES: Final = 3
WAITS: Final = 1.0


class GraphSender:
    """What `adapters.smtp.submission.SubmissionAdapter` is for SMTP."""

    def __init__(self, graph: Graph, pause: Callable[[float], None]) -> None:
        self._graph, self._pause = graph, pause

    @property
    def traffic(self) -> Traffic:
        """What the connection has cost so far."""
        return self._graph.traffic

    @property
    def offer(self) -> Offer:
        """What Exchange takes unless an administrator decided otherwise."""
        return Offer(MESSAGE_MOST, RECIPIENTS_MOST, utf8=True, eight_bit=True, pipelining=False)

    def submit(self, envelope: Envelope, message: bytes, before_the_end: Callable[[], None]) -> Taken:
        """Send one message with CRLF line ends. Raises Unknown, the errors of `adapters.errors`.

        What `before_the_end` raises goes to the caller, with nothing sent. Who gets it is said by the message: who is
        in the envelope only is put into its Bcc, which Exchange shows to nobody else.
        """
        whole = with_bcc(message, envelope)
        self._drop_leftovers(message)
        draft = self._draft(whole)
        try:
            before_the_end()
        except BaseException:
            self._drop(draft)
            raise
        return self._send(draft)

    def alive(self) -> bool:
        """HTTP connects anew by itself."""
        return True

    def close(self) -> None:
        """Let the connections go; never raises."""
        self._graph.close()

    # ------------------------------------------------------------------ the draft

    def _drop_leftovers(self, message: bytes) -> None:
        """Take away drafts of this very message, of tries that ended before they were sent."""
        message_id = header(message, b"Message-ID")
        if not message_id:
            return
        quoted = message_id.replace("'", "''")
        found = self._graph.values(
            "mailFolders/drafts/messages", select="id,isDraft", filter=f"internetMessageId eq '{quoted}'"
        )
        for item in list(found):
            if item.get("isDraft"):
                self._purge(str(item["id"]))

    def _draft(self, message: bytes) -> Facts:
        if len(message) <= MIME_MOST:
            return self._post(message)
        frame, files = taken_apart(message)
        if len(frame) > MIME_MOST:
            raise errors.Rejected(f"the text of the message has {len(frame)} bytes, and Graph takes {MIME_MOST}")
        draft = self._post(frame)
        try:
            for file in files:
                self._attach(draft.id, file)
            return self._now(draft.id)
        except errors.AdapterError:
            self._drop(draft)
            raise

    def _post(self, message: bytes) -> Facts:
        url = self._graph.url("messages")
        return facts_of(facts_json(self._graph.ask("POST", url, base64.b64encode(message), TEXT).json))

    def _now(self, name: str) -> Facts:
        return facts_of(facts_json(self._graph.get(f"messages/{segment(name)}")))

    def _attach(self, draft: str, file: "File") -> None:
        path = f"messages/{segment(draft)}/attachments"
        if len(file.content) < ATTACHMENT_MOST:
            body = {
                "@odata.type": "#microsoft.graph.fileAttachment", "name": file.name, "contentType": file.type,
                "contentBytes": base64.b64encode(file.content).decode(), "isInline": file.inline,
            }  # fmt: skip
            self._graph.send("POST", path, body | ({"contentId": file.content_id} if file.content_id else {}))
            return
        item = {
            "attachmentType": "file", "name": file.name, "size": len(file.content), "contentType": file.type,
            "isInline": file.inline,
        }  # fmt: skip
        item |= {"contentId": file.content_id} if file.content_id else {}
        made = self._graph.send("POST", f"{path}/createUploadSession", {"AttachmentItem": item}).json
        url = str(made["uploadUrl"])
        for start in range(0, len(file.content), CHUNK):
            piece = file.content[start : start + CHUNK]
            span = f"bytes {start}-{start + len(piece) - 1}/{len(file.content)}"
            # The URL carries its own right; the bearer must not be sent there.
            headers = {"Content-Range": span, "Content-Type": "application/octet-stream"}
            self._graph.bare("PUT", url, piece, headers)

    # ------------------------------------------------------------------ the end

    def _send(self, draft: Facts) -> Taken:
        try:
            answer = self._graph.send("POST", f"messages/{segment(draft.id)}/send")
            return Taken(f"HTTP {answer.status}")
        except errors.Transient as error:
            if isinstance(error, errors.RateLimited | errors.TokenRefused):
                self._drop(draft)
                raise
            return self._decided(draft, error)
        except errors.AdapterError:
            self._drop(draft)
            raise

    def _decided(self, draft: Facts, error: errors.Transient) -> Taken:
        """Whether it left, when the answer did not come. Raises the error when it did not, Unknown when nobody says."""
        for _ in range(TRIES):
            self._pause(WAITS)
            try:
                if not self._withdrawn(draft.id):
                    return Taken("the draft has left")
            except errors.AdapterError as again:
                log.info("whether a message left is not known yet", reason=again.reason)
                continue
            self._drop(draft)
            raise error
        raise Unknown(error)

    def _withdrawn(self, name: str) -> bool:
        """Delete the draft if it is one still; False when it has left. Raises Conflict when it changes meanwhile."""
        try:
            now = self._now(name)
            if not now.draft:
                return False
            self._graph.send("DELETE", f"messages/{segment(name)}", if_match=now.etag)
        except errors.NotFound:
            return False
        return True

    def _drop(self, draft: Facts) -> None:
        """Take a draft away that was not sent, from Deleted Items too; the next try looks for what is left of it."""
        try:
            self._purge(draft.id)
        except errors.AdapterError as error:
            log.info("draft is left", reason=error.reason)

    def _purge(self, name: str) -> None:
        try:
            self._graph.send("POST", f"messages/{segment(name)}/permanentDelete")
        except errors.NotFound:
            return


# ---------------------------------------------------------------------- the message, pure


@dataclass(frozen=True, slots=True)
class File:
    """A part that is attached by itself."""

    name: str
    type: str
    content: bytes
    inline: bool
    content_id: str


def header(message: bytes, name: bytes) -> str:
    """The first header of this name, unfolded; empty when there is none."""
    root = structure.read(message, Notes())
    block = message[root.head : root.neck]
    found = re.search(rb"(?im)^" + name + rb"[ \t]*:(.*(?:\r?\n[ \t].*)*)", block)
    return re.sub(r"\r?\n[ \t]+", " ", found[1].decode("utf-8", "replace")).strip() if found else ""


def with_bcc(message: bytes, envelope: Envelope) -> bytes:
    """The message with whoever is in the envelope only in its Bcc."""
    seen = {
        one.address.lower()
        for name in (b"To", b"Cc", b"Bcc")
        for one in addresses.parse(header(message, name).encode())[0]
    }
    hidden = [address for address in envelope.recipients if address.lower() not in seen]
    if not hidden:
        return message
    return b"Bcc: " + ",\r\n ".join(f"<{address}>" for address in hidden).encode() + b"\r\n" + message


def taken_apart(message: bytes) -> tuple[bytes, list[File]]:
    """The message without its files, and the files: they are uploaded by themselves when they are large.

    What is taken out are the leaves that are no text; a multipart that loses a part stays one.
    """
    root = structure.read(message, Notes())
    leaves = [leaf for leaf in root.leaves() if _is_file(leaf)]
    kept, position = bytearray(), 0
    for start, end in _lines_of(message, leaves):
        kept += message[position:start]
        position = end
    return bytes(kept + message[position:]), [_file(leaf) for leaf in leaves]


def _is_file(leaf: structure.Part) -> bool:
    return leaf.section != "1" and (leaf.disposition == "attachment" or not leaf.type.startswith("text/"))


def _lines_of(message: bytes, leaves: list[structure.Part]) -> Iterator[tuple[int, int]]:
    """From the delimiter line above a part to the line break before the next one."""
    for leaf in sorted(leaves, key=lambda one: one.head):
        start = message.rfind(b"\r\n", 0, max(0, leaf.head - 2)) if leaf.head else 0
        yield max(0, start), leaf.end


def _file(leaf: structure.Part) -> File:
    content_id = leaf.content_id
    inline = leaf.disposition == "inline" and bool(content_id)
    content = transfer.decode(leaf.body, leaf.encoding)
    return File(leaf.filename or "attachment", leaf.type, content, inline, content_id)
