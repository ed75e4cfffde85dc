"""Batches: many requests in one multipart body, each answered for itself and in no order."""

import http
import random
import re
from typing import Final
from urllib.parse import urlsplit

from tests.fakes.google.refusals import refuse
from tests.fakes.google.uploads import headers_and_body, split
from tests.fakes.google.wire import Reply, Request

LIMITS: Final = {"gmail": 100, "calendar": 1000, "people": 1000, "pubsub": 100, "directory": 1000}
BOUNDARY: Final = "batch_simulated_5yXJ9wQ2"


def parts(request: Request) -> list[tuple[str, Request]]:
    """The inner requests, each with its Content-ID. Raises Refusal."""
    kind = request.headers.get("content-type", "")
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if not kind.lower().startswith("multipart/mixed") or not found:
        raise refuse("batch body", what="the Content-Type must be multipart/mixed with a boundary")
    inner = [_inner(part, request) for part in split(request.body, found[1].encode())]
    if not inner:
        raise refuse("batch body", what="no inner requests")
    names = [name for name, _ in inner]
    if len(set(names)) != len(names):
        raise refuse("batch body", what="duplicate Content-ID")
    return inner


def _inner(part: bytes, outer: Request) -> tuple[str, Request]:
    around, text = headers_and_body(part)
    if around.get("content-type", "").partition(";")[0].strip().lower() != "application/http":
        raise refuse("batch body", what="each part must be application/http")
    line, _, rest = text.lstrip(b"\r\n").partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) not in (2, 3):
        raise refuse("batch body", what="bad request line")
    headers, body = headers_and_body(rest)
    # An inner request without its own credentials is made with those of the batch.
    headers.setdefault("authorization", outer.headers.get("authorization", ""))
    if not headers["authorization"]:
        del headers["authorization"]
    address = urlsplit(words[1])
    target = address.path + (f"?{address.query}" if address.query else "")
    return around.get("content-id", ""), Request(words[0], target, headers, body)


def joined(replies: list[tuple[str, Reply]], order: random.Random) -> Reply:
    """The replies as one, shuffled: only Content-ID says which is whose."""
    order.shuffle(replies)
    pieces = []
    for name, reply in replies:
        text = [f"--{BOUNDARY}", "Content-Type: application/http"]
        if name:
            text.append(f"Content-ID: {_response(name)}")
        text += ["", f"HTTP/1.1 {reply.status} {http.HTTPStatus(reply.status).phrase}"]
        text += [f"{key}: {value}" for key, value in reply.headers.items()]
        text += [f"Content-Length: {len(reply.body)}", "", ""]
        pieces.append("\r\n".join(text).encode() + reply.body + b"\r\n")
    body = b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()
    return Reply(200, body, {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"})


def _response(name: str) -> str:
    return f"<response-{name[1:]}" if name.startswith("<") else f"response-{name}"
