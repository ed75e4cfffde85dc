"""Refusals as exceptions, and the bodies in which Graph and the identity platform put them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.fakes.microsoft.wordings import GRAPH, LOGIN


class GraphRefusal(Exception):
    """Graph does not do it."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, why: str = ""
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})
        self.why = why or code


def refuse(wording_name: str, headers: Mapping[str, str] | None = None, /, **values: object) -> GraphRefusal:
    """The refusal of this name in the table of wordings, for the caller to raise."""
    wording = GRAPH[wording_name]
    code, message = wording.code.format(**values), wording.message.format(**values) if values else wording.message
    return GraphRefusal(wording.status, code, message, headers, why=wording_name)


def graph_body(code: str, message: str, now: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
    """Graph's error object."""
    inner = {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id or request_id,
    }
    return {"error": {"code": code, "message": message, "innerError": inner}}


class LoginRefusal(Exception):
    """The identity platform does not do it."""

    def __init__(self, number: int, /, **values: object) -> None:
        wording = LOGIN[number]
        self.number, self.error, self.status = number, wording.error, wording.status
        self.suberror, self.claims = wording.suberror, wording.claims
        self.message = wording.message.format(**values) if values else wording.message
        super().__init__(f"AADSTS{number}: {self.message}")


def login_body(refusal: LoginRefusal, now: datetime, host: str) -> dict[str, Any]:
    """The error object of the token endpoint."""
    trace, correlation, stamp = str(uuid4()), str(uuid4()), now.strftime("%Y-%m-%d %H:%M:%SZ")
    text = f"{refusal} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
    body: dict[str, Any] = {
        "error": refusal.error,
        "error_description": text,
        "error_codes": [refusal.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://{host}/error?code={refusal.number}",
    }
    if refusal.suberror:
        body["suberror"] = refusal.suberror
    if refusal.claims:
        body["claims"] = refusal.claims
    return body
