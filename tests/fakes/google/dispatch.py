"""From a request to its reply: fault, credentials, scope, parameters, body, quota, and only then the handler."""

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.fakes.google import batch, bodies, masks, query
from tests.fakes.google.calls import HANDLERS, Answer, Call
from tests.fakes.google.discovery import Document, Json, Match, all_documents, find
from tests.fakes.google.faults import CARRIED_OUT, CUT, EFFECTS, HALF, HTML, REDIRECT, TRUNCATED, Fault
from tests.fakes.google.grants import Access
from tests.fakes.google.journal import Entry
from tests.fakes.google.quotas import number
from tests.fakes.google.refusals import Refusal, refuse
from tests.fakes.google.uploads import Session, accepted, related
from tests.fakes.google.wire import Reply, Request

if TYPE_CHECKING:
    from tests.fakes.google.service import Google

REALM: Final = 'Bearer realm="https://accounts.google.com/"'
BATCHES: Final = {document.batch for document in all_documents()}
BAD_GATEWAY: Final = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
MISSING: Final = (
    b"<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n"
    b"  <p><b>404.</b> <ins>That\xe2\x80\x99s an error.</ins>\n"
    b"  <p>The requested URL was not found on this server.  <ins>That\xe2\x80\x99s all we know.</ins>\n"
)
HTML_TYPE: Final = {"Content-Type": "text/html; charset=UTF-8"}
JSON_TYPE: Final = {"Content-Type": "application/json; charset=UTF-8", "Vary": "Origin, X-Origin, Referer"}


class Dispatcher:
    """Serves the paths of the four APIs."""

    def __init__(self, google: "Google") -> None:
        self._google = google

    def answer(self, request: Request, entry: Entry) -> Reply:
        """The reply to a request that is none of OAuth's."""
        if request.path in BATCHES and request.method == "POST":
            return self._batch(request, entry)
        if "/upload/" in request.path and "upload_id=" in request.target:
            return self._piece(request, entry)
        request = _overridden(request)
        match = find(request.method, request.path)
        if match is None:
            entry.verdict = "notFound"
            return Reply(404, MISSING, HTML_TYPE)
        if match.upload:
            return self._upload(request, match, entry)
        return self._method(request, match, entry, request.body, None)

    def _method(
        self, request: Request, match: Match, entry: Entry, raw: bytes, media: bytes | None, *, parts: bool = False
    ) -> Reply:
        """Carry out one method, unless a fault or a rule is against it."""
        entry.method = match.method.id
        access = self._google.grants.bearer(_bearer(request))
        entry.user, entry.client = (access.user, access.client) if access else ("", "")
        fault = self._google.faults.take(match.method.id, entry.user)
        if fault and not fault.after and fault.kind not in CARRIED_OUT:
            return self._faulty(fault, match.document, entry, None)
        reply = self._carried_out(request, match, entry, raw, media, access, parts)
        return self._faulty(fault, match.document, entry, reply) if fault else reply

    def _carried_out(
        self,
        request: Request,
        match: Match,
        entry: Entry,
        raw: bytes,
        media: bytes | None,
        access: Access | None,
        parts: bool,
    ) -> Reply:
        google, document, flying = self._google, match.document, ""
        try:
            call = self._checked(request, match, entry, raw, media, access)
            google.quotas.charge(match.method.id, document.host, _caller(call), call.access.project)
            if not parts:
                google.quotas.begin(call.user, document.api)
                flying = call.user
            with google.lock:
                answer = HANDLERS[match.method.id](call)
            entry.committed = True
            entry.verdict = "served"
            return self._written(answer, call)
        except Refusal as refusal:
            entry.verdict = refusal.reason
            return refused(refusal, document)
        finally:
            if flying:
                google.quotas.end(flying)

    def _checked(
        self, request: Request, match: Match, entry: Entry, raw: bytes, media: bytes | None, access: Access | None
    ) -> Call:
        """Everything that can be said without the state. Raises Refusal."""
        google, method = self._google, match.method
        if access is None:
            raise refuse("unauthenticated" if "authorization" in request.headers else "login required").having(
                {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
            )
        if not access.scopes & method.scopes:
            wanted = " ".join(sorted(method.scopes))
            raise refuse("scope").having(
                {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{wanted}"'},
                service=match.document.host,
                method=method.id,
            )
        if (access.project, method.api) in google.disabled:
            raise refuse("service disabled", title=match.document.title, number=number(access.project))
        pairs = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        if not match.upload:
            pairs = [pair for pair in pairs if pair[0] != "uploadType"]
        entry.parameters = query.read(match, pairs)
        call = Call(google, match, entry.parameters, access, {}, media, dict(request.headers))
        call.given = frozenset(name for name, _ in pairs)
        call.body, entry.ignored = self._body(request, match, raw)
        call.quota_user = dict(pairs).get("quotaUser", "")
        self._selection(call, pairs)
        if method.id not in HANDLERS:
            raise refuse("not simulated", method=method.id)
        return call

    def _body(self, request: Request, match: Match, raw: bytes) -> tuple[Json, tuple[str, ...]]:
        method = match.method
        if not raw.strip() or method.http_method in ("GET", "DELETE"):
            return {}, ()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not match.upload and kind != "application/json":
            raise refuse("content type", type=kind, valid="application/json")
        if not method.request:
            if raw.strip() != b"{}":
                raise refuse("no body wanted")
            return {}, ()
        return bodies.read(match.document, method.request, raw)

    def _selection(self, call: Call, pairs: list[tuple[str, str]]) -> None:
        text = dict(pairs).get("fields")
        if text is not None and call.match.method.response:
            document = call.match.document
            call.selection = masks.parse(text)
            masks.check(call.selection, document, document.schemas[call.match.method.response])

    def _written(self, answer: Json | Answer | None, call: Call) -> Reply:
        if answer is None:
            return Reply(204)
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        body: Any = answer.body
        if body is None:
            return Reply(answer.status, headers=answer.headers)
        body = masks.select(body, call.selection)
        headers = {**JSON_TYPE, **({"ETag": body["etag"]} if "etag" in body else {}), **answer.headers}
        return Reply(answer.status, json.dumps(body).encode(), headers)

    def _faulty(self, fault: Fault, document: Document, entry: Entry, reply: Reply | None) -> Reply:
        """What is sent instead of the answer, which may be there already."""
        entry.verdict = f"fault: {fault.kind}"
        if fault.kind in EFFECTS:
            return spoiled(fault, reply)
        return refused(fault.refusal(document.host), document)

    def _batch(self, request: Request, entry: Entry) -> Reply:
        """Outer 200 whatever the parts say; each part is checked, charged and journalled like any request."""
        entry.method = "batch"
        try:
            inner = batch.parts(request)
            matches = [find(one.method, one.path) for _, one in inner]
            apis = {match.document.api for match in matches if match and match.document.batch == request.path}
            api = min(apis) if apis else "gmail"
            entry.method = f"{api}.batch"
            fault = self._google.faults.take(entry.method, entry.user)
            if fault and not fault.after and fault.kind not in CARRIED_OUT:
                return self._faulty(fault, _document(api), entry, None)
            if len(inner) > batch.LIMITS[api]:
                raise refuse("batch size", received=len(inner), limit=batch.LIMITS[api])
        except Refusal as refusal:
            entry.verdict = refusal.reason
            return refused(refusal, _document("gmail"))
        parts = list(zip(inner, matches, strict=True))
        # In any order, which nobody may rely on.
        self._google.random.shuffle(parts)
        written: set[str] = set()
        replies: list[tuple[str, Reply]] = []
        for at, ((name, one), match) in enumerate(parts):
            own = match if match and match.document.api == api else None
            twice = one.method in ("PUT", "PATCH", "DELETE") and one.path in written
            written.add(one.path)
            replies.append((name, self._part(one, own, entry, at, twice=twice)))
        entry.verdict, entry.committed = "served", True
        whole = batch.joined(replies, self._google.random)
        return self._faulty(fault, _document(api), entry, whole) if fault else whole

    def _part(self, request: Request, match: Match | None, outer: Entry, at: int, *, twice: bool) -> Reply:
        google = self._google
        entry = google.journal.open(google.clock.now(), request.method, request.path)
        entry.batch, entry.headers, entry.body = outer.number, dict(request.headers), request.body
        if match is None or match.upload:
            entry.verdict = "notFound"
            reply = Reply(404, MISSING, HTML_TYPE)
        elif twice:
            # Two writes to one thing in one batch run against each other.
            entry.method, entry.verdict = match.method.id, "conflict"
            reply = refused(refuse("conflict"), match.document)
        elif match.document.api == "gmail" and at >= google.quotas.batch_burst:
            entry.method, entry.verdict = match.method.id, "rateLimitExceeded"
            reply = refused(refuse("concurrent"), match.document)
        else:
            reply = self._method(request, match, entry, request.body, None, parts=True)
        if reply.cut or reply.keep is not None:
            # A part has no connection of its own to lose.
            reply = refused(refuse("backend"), _document("gmail"))
        entry.status, entry.answer = reply.status, reply.body
        return reply

    def _upload(self, request: Request, match: Match, entry: Entry) -> Reply:
        values = parse_qs(urlsplit(request.target).query)
        kind = values.get("uploadType", [""])[0]
        try:
            if kind == "media":
                accepted(match, request.headers.get("content-type", ""), len(request.body))
                return self._method(request, match, entry, b"", request.body)
            if kind == "multipart":
                metadata, media_type, media = related(request)
                accepted(match, media_type, len(media))
                return self._method(request, match, entry, metadata, media)
            if kind != "resumable":
                raise refuse("unknown query", name="uploadType")
            return self._session(request, match, entry)
        except Refusal as refusal:
            entry.method, entry.verdict = match.method.id, refusal.reason
            return refused(refusal, match.document)

    def _session(self, request: Request, match: Match, entry: Entry) -> Reply:
        entry.method = f"{match.method.id}:session"
        access = self._google.grants.bearer(_bearer(request))
        self._checked(request, match, entry, request.body, None, access)
        assert access is not None
        entry.user = access.user
        length = request.headers.get("x-upload-content-length")
        media_type = request.headers.get("x-upload-content-type", "message/rfc822")
        accepted(match, media_type, int(length or 0))
        session = Session(match, request.target, request.body, media_type, int(length) if length else None, access.user)
        name = self._google.uploads.open(session)
        entry.verdict = "served"
        return Reply(
            200,
            headers={"Location": f"{self._google.root}{request.target}&upload_id={name}", "X-GUploader-UploadID": name},
        )

    def _piece(self, request: Request, entry: Entry) -> Reply:
        uploads = self._google.uploads
        name = parse_qs(urlsplit(request.target).query)["upload_id"][0]
        try:
            complete = uploads.receive(name, request)
        except Refusal as refusal:
            entry.verdict = refusal.reason
            return refused(refusal, _document("gmail"))
        session = uploads.sessions[name]
        if complete is None:
            entry.method, entry.user, entry.verdict = f"{session.match.method.id}:piece", session.user, "served"
            got = len(session.received)
            return Reply(308, headers={"Range": f"bytes=0-{got - 1}"} if got else {})
        headers = dict(request.headers) | {"content-type": "application/json"}
        target = re.sub(r"&?upload_id=[^&]*", "", session.target)
        whole = Request(session.match.method.http_method, target, headers, session.metadata)
        return self._method(whole, session.match, entry, session.metadata, session.received)


def spoiled(fault: Fault, reply: Reply | None) -> Reply:
    """What an effect makes of a reply; those of `CARRIED_OUT` have one."""
    if fault.kind == CUT:
        return Reply(cut=True)
    if fault.kind == HTML:
        return Reply(fault.status, BAD_GATEWAY, HTML_TYPE | dict(fault.headers))
    if fault.kind == REDIRECT:
        return Reply(fault.status if fault.status // 100 == 3 else 302, headers={"Location": fault.url})
    assert reply is not None
    middle = len(reply.body) // 2
    if fault.kind == HALF:
        return Reply(reply.status, reply.body[:middle], reply.headers)
    if fault.kind == TRUNCATED:
        return Reply(reply.status, reply.body, reply.headers, keep=middle)
    return Reply(reply.status, reply.body, reply.headers, wait=fault.seconds)


def refused(refusal: Refusal, document: Document) -> Reply:
    """A refusal over the wire."""
    body = json.dumps(refusal.body(document.api), indent=2).encode()
    return Reply(refusal.status, body, {**JSON_TYPE, **refusal.headers})


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _caller(call: Call) -> str:
    """Whose budget it is: `quotaUser` parts the calls of a service account."""
    return call.quota_user or call.access.caller or call.user


def _document(api: str) -> Document:
    return next(one for one in all_documents() if one.api == api)


def _overridden(request: Request) -> Request:
    """A GET whose address was too long comes as a form: `x-http-method-override`."""
    verb = request.headers.get("x-http-method-override")
    if request.method != "POST" or not verb:
        return request
    form = request.body.decode()
    joint = "&" if "?" in request.target else "?"
    return Request(verb.upper(), f"{request.target}{joint}{form}" if form else request.target, request.headers)
