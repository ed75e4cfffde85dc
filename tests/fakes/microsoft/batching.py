"""`$batch`: up to twenty requests in one, some of which wait for others."""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from tests.fakes.microsoft import routing
from tests.fakes.microsoft.call import Call, handler, unlocked
from tests.fakes.microsoft.errors import GraphRefusal, graph_body, refuse
from tests.fakes.microsoft.graph import part_of
from tests.fakes.microsoft.web import Reply, Request, json_reply

MOST: Final = 20
_METHODS: Final = frozenset("GET POST PATCH PUT DELETE".split())


@handler
@unlocked
def batch(call: Call) -> Reply:
    """Carry out each part; the whole is answered with 200, whatever became of them.

    Parts that wait for nothing run side by side: those of one mailbox that are too many at once are throttled.
    """
    parts = call.body["requests"]
    _check(parts)
    done: dict[str, dict[str, Any]] = {}
    waiting = list(parts)
    while waiting:
        wave = [part for part in waiting if all(name in done for name in part.get("dependsOn") or [])]
        waiting = [part for part in waiting if part not in wave]
        at_once: Counter[str] = Counter()
        for part in wave:
            mailbox = _mailbox(call, part["url"])
            at_once[mailbox] += 1
            crowded = at_once[mailbox] > call.graph.behaviour.concurrency
            reply = _run(call, part, done, crowded=crowded)
            if reply.cut:
                return reply
            done[part["id"]] = _as_part(part["id"], reply)
    # The order is not the one of the requests; clients must match by id.
    responses = sorted(done.values(), key=lambda response: (response["status"] >= 400, response["id"]))
    return json_reply(200, {"responses": responses})


def _check(parts: list[dict[str, Any]]) -> None:
    """Look at the parcel as a whole. Raises when it is no batch."""
    if not 1 <= len(parts) <= MOST:
        raise refuse("batch", what=f"Number of batch request steps must be between 1 and {MOST}.")
    for part in parts:
        for name in ("id", "method", "url"):
            if not part.get(name):
                raise refuse("batch", what=f"The batch request step needs '{name}'.")
        if part["method"] not in _METHODS:
            raise refuse("batch", what=f"Unsupported method '{part['method']}'.")
        if part["url"].startswith(("http:", "https:")):
            raise refuse("batch", what="The url of a batch request step must be relative.")
        if routing.split(part["url"].partition("?")[0])[0].lower() == "$batch":
            raise refuse("batch", what="Batches cannot be nested.")
    ids = Counter(part["id"] for part in parts)
    if any(count > 1 for count in ids.values()):
        raise refuse("batch", what="Duplicate request ids are not allowed.")
    known: set[str] = set()
    for part in parts:
        for name in part.get("dependsOn") or []:
            if name not in known:
                raise refuse("batch", what=f"'{name}' in dependsOn is not the id of a request before it.")
        known.add(part["id"])
        content = {name.lower() for name in part.get("headers") or {}}
        if "body" in part and "content-type" not in content:
            raise refuse("batch", what="A request with a body needs a Content-Type header.")


def _mailbox(call: Call, url: str) -> str:
    """Whose mailbox a part is about: `me` and the same person's address are one."""
    segments = routing.split(url.partition("?")[0])
    if segments[0].lower() == "users" and len(segments) > 1:
        person = call.graph.directory.find_person(segments[1])
    else:
        person = call.access.person
    return person.id if person else ""


def _run(call: Call, part: dict[str, Any], done: Mapping[str, dict[str, Any]], *, crowded: bool) -> Reply:
    if any(done[name]["status"] >= 400 for name in part.get("dependsOn") or []):
        return _refused(call, refuse("failed dependency"))
    if crowded:
        return _refused(call, call.graph.throttle.too_many_at_once())
    headers = {name.lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    request = Request(part["method"], f"/v1.0/{part['url'].lstrip('/')}", headers, _body(part, headers))
    return part_of(call, request)


def _body(part: dict[str, Any], headers: Mapping[str, str]) -> bytes:
    if "body" not in part:
        return b""
    if headers.get("content-type", "").startswith("application/json"):
        return json.dumps(part["body"]).encode()
    if headers.get("content-type", "").startswith("text/plain"):
        return str(part["body"]).encode()
    try:
        return base64.b64decode(part["body"], validate=True)
    except (ValueError, TypeError):
        raise refuse("batch", what="A body that is not JSON must be base64.") from None


def _refused(call: Call, refusal: GraphRefusal) -> Reply:
    body = graph_body(refusal.code, refusal.message, call.now, str(uuid4()), "")
    return json_reply(refusal.status, body, refusal.headers)


def _as_part(name: str, reply: Reply) -> dict[str, Any]:
    response: dict[str, Any] = {"id": name, "status": reply.status, "headers": dict(reply.headers)}
    if not reply.body:
        return response
    try:
        response["body"] = json.loads(reply.body)
    except ValueError:
        response["body"] = base64.b64encode(reply.body).decode()
    return response
