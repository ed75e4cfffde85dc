"""Faults on demand: the next so many requests that match are answered wrongly, late, in half or not at all.

microsoft.faults.add(throttled(5), r"GET /v1.0/me/messages", times=2)
microsoft.faults.add(cut(after_commit=True), "POST .*/sendMail")
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final

from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.errors import GraphRefusal, LoginRefusal, graph_body, login_body
from tests.fakes.microsoft.tokens import GRAPH_RESOURCE
from tests.fakes.microsoft.web import Reply, Request, json_reply
from tests.fakes.microsoft.wordings import GRAPH

_HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong. Without a status the true reply is sent, as the wire then treats it."""

    name: str
    status: int = 0
    code: str = ""
    message: str = ""
    login: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    after_commit: bool = False
    delay: float = 0.0
    cut: bool = False
    truncate: bool = False
    drip: float = 0.0
    retry_after: int | None = None
    as_date: bool = False

    @property
    def runs(self) -> bool:
        """The request is carried out, whatever is then answered."""
        return self.after_commit or not (self.status or self.login or self.cut)

    def reply(self, request: Request, clock: Clock, host: str) -> Reply:
        """The wrong answer."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            moment = clock.now().replace(microsecond=0) + timedelta(seconds=self.retry_after)
            date = format_datetime(moment, usegmt=True)
            headers["Retry-After"] = date if self.as_date else str(self.retry_after)
        if self.login:
            refusal = LoginRefusal(self.login)
            return json_reply(refusal.status, login_body(refusal, clock.now(), host), headers)
        if self.content is not None:
            return Reply(self.status, self.content, headers)
        refused = GraphRefusal(self.status, self.code, self.message)
        body = graph_body(refused.code, refused.message, clock.now(), "fault", request.header("client-request-id"))
        return json_reply(self.status, body, headers)


def answer(wording: str, *, after_commit: bool = False, retry_after: int | None = None) -> Fault:
    """One of Graph's refusals, by its name in the table of wordings."""
    graph = GRAPH[wording]
    return Fault(wording, graph.status, graph.code, graph.message, after_commit=after_commit, retry_after=retry_after)


def login(number: int) -> Fault:
    """One of the identity platform's refusals, by its AADSTS number."""
    return Fault(f"AADSTS{number}", login=number)


def status(number: int, code: str = "UnknownError", message: str = "", *, after_commit: bool = False) -> Fault:
    """Any status with any code."""
    return Fault(str(number), number, code, message, after_commit=after_commit)


def unauthorized() -> Fault:
    """A back end that does not know a valid token."""
    headers = {"WWW-Authenticate": f'Bearer realm="", authorization_uri="{GRAPH_RESOURCE}", error="invalid_token"'}
    return replace(answer("expired token"), name="unauthorized", headers=headers)


def throttled(retry_after: int | None = 1, *, as_date: bool = False) -> Fault:
    """429, with or without Retry-After."""
    return replace(answer("concurrency"), name="throttled", retry_after=retry_after, as_date=as_date)


def bad_gateway(*, after_commit: bool = False) -> Fault:
    """502 with a page of HTML."""
    return Fault("502", 502, headers={"Content-Type": "text/html"}, content=_HTML, after_commit=after_commit)


def slow(seconds: float) -> Fault:
    """The true reply, late."""
    return Fault("slow", delay=seconds)


def dripping(seconds: float) -> Fault:
    """The true reply, its body in small pieces over so many seconds."""
    return Fault("dripping", drip=seconds)


def cut(*, after_commit: bool = False) -> Fault:
    """The connection is reset before the request is carried out, or after."""
    return Fault("cut", cut=True, after_commit=after_commit)


def truncated() -> Fault:
    """Half of the true reply."""
    return Fault("truncated", truncate=True)


def redirect(url: str) -> Fault:
    """Sends the client to another host."""
    return Fault("redirect", 302, headers={"Location": url}, content=b"")


_BY_NAME: Final = {
    "answer": answer, "login": login, "status": status, "unauthorized": unauthorized, "throttled": throttled,
    "bad_gateway": bad_gateway, "slow": slow, "dripping": dripping, "cut": cut, "truncated": truncated,
    "redirect": redirect,
}  # fmt: skip


def fault_of(name: str, arguments: Mapping[str, Any]) -> Fault:
    """A fault by the name of its function here, as the control end point takes it. Raises KeyError or TypeError."""
    made: Fault = _BY_NAME[name](**arguments)  # type: ignore[operator]  # functions of different parameters
    return made


@dataclass(slots=True)
class _Line:
    fault: Fault
    pattern: re.Pattern[str]
    skip: int
    times: int


class Faults:
    """The script: lines are tried in order, and each is used up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self.happened: list[tuple[str, str]] = []

    def add(self, fault: Fault, matching: str = "", *, times: int = 1, skip: int = 0) -> None:
        """Let `fault` happen `times` times, after `skip` requests whose verb and target match the expression."""
        with self._lock:
            self._lines.append(_Line(fault, re.compile(matching), skip, times))

    def take(self, request: Request) -> Fault | None:
        """The fault that this request meets."""
        text = f"{request.method} {request.target}"
        with self._lock:
            for line in self._lines:
                if not line.pattern.search(text):
                    continue
                if line.skip:
                    line.skip -= 1
                    continue
                line.times -= 1
                self._lines = [one for one in self._lines if one.times > 0]
                self.happened.append((line.fault.name, text))
                return line.fault
        return None

    @property
    def left(self) -> int:
        """How many are still to happen."""
        return sum(line.times for line in self._lines)

    def clear(self) -> None:
        """End the script."""
        with self._lock:
            self._lines.clear()


def marred(reply: Reply, fault: Fault) -> Reply:
    """The true reply, as the wire then treats it."""
    return Reply(reply.status, reply.body, reply.headers, fault.delay, fault.cut, fault.truncate, fault.drip)
