"""Uploads: the octets alone, octets beside JSON, and sessions that are resumed."""

import email.parser
import email.policy
import re
import secrets
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from tests.fakes.google.discovery import Match
from tests.fakes.google.refusals import refuse
from tests.fakes.google.wire import Request

RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", re.ASCII)
GRAIN: Final = 256 * 1024
"""A piece that is not the last is a multiple of this."""


@dataclass
class Session:
    """A resumable upload."""

    match: Match
    target: str
    metadata: bytes
    kind: str
    total: int | None
    user: str
    received: bytes = b""
    done: bool = False


def accepted(match: Match, kind: str, size: int) -> None:
    """Refuse media of a type or a size that the method does not take."""
    media = match.method.media
    assert media is not None
    name = kind.partition(";")[0].strip().lower()
    if not any(fnmatchcase(name, pattern) for pattern in media.accept):
        raise refuse("content type", type=name, valid=", ".join(media.accept))
    if size > media.limit:
        raise refuse("too large")


def related(request: Request) -> tuple[bytes, str, bytes]:
    """The JSON, the media type and the media of a multipart/related body. Raises Refusal."""
    kind = request.headers.get("content-type", "")
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if not kind.lower().startswith("multipart/related") or not found:
        raise refuse("content type", type=kind.partition(";")[0], valid="multipart/related")
    parts = split(request.body, found[1].encode())
    if len(parts) != 2:
        raise refuse("json", what="A multipart upload has two parts.")
    metadata, media = (headers_and_body(part) for part in parts)
    octets = media[1]
    if media[0].get("content-transfer-encoding", "").lower() == "base64":
        raise refuse("content type", type="base64", valid="binary")
    return metadata[1], media[0].get("content-type", ""), octets


def split(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts of a multipart body, each with its own headers."""
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(?=--|\r?\n)", body)
    return [piece.split(b"\n", 1)[1] if b"\n" in piece else b"" for piece in pieces[1:] if not piece.startswith(b"--")]


def headers_and_body(part: bytes) -> tuple[dict[str, str], bytes]:
    """One part's headers by lower-case name, and the rest untouched."""
    found = re.search(rb"\r?\n\r?\n", part) if not part.startswith((b"\r\n", b"\n")) else re.match(rb"\r?\n", part)
    if found is None:
        return {}, part
    head = part[: found.start()]
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(head + b"\r\n\r\n")
    return {name.lower(): str(value) for name, value in message.items()}, part[found.end() :]


class Uploads:
    """Sessions by their id."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def open(self, session: Session) -> str:
        """A new session's id."""
        name = secrets.token_urlsafe(24)
        self.sessions[name] = session
        return name

    def receive(self, name: str, request: Request) -> Session | None:
        """Take a piece; the session when it is complete, None when more is to come. Raises Refusal."""
        session = self.sessions.get(name)
        if session is None or session.done:
            raise refuse("upload gone")
        given = request.headers.get("content-range")
        if given is None:
            session.received = request.body
            return self._complete(session)
        found = RANGE.fullmatch(given)
        if found is None:
            raise refuse("upload range")
        first, last, total = found.groups()
        if total != "*":
            session.total = int(total)
        if first is None:
            return self._complete(session) if session.total == len(session.received) else None
        if int(first) != len(session.received) or int(last) - int(first) + 1 != len(request.body):
            raise refuse("upload range")
        if int(last) + 1 != session.total and len(request.body) % GRAIN:
            raise refuse("upload range")
        session.received += request.body
        accepted(session.match, session.kind, len(session.received))
        return self._complete(session) if len(session.received) == session.total else None

    def _complete(self, session: Session) -> Session:
        session.done = True
        return session
