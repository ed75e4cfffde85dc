"""Errors over HTTP: problem documents (RFC 9457), with a stable code and a sentence for the person."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback


class Problem(exceptions.APIException):
    """Raise this anywhere below a view: it becomes the answer.

    `code` is for programs and never changes; `detail` is for the person and says what to do.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: dict[str, list[str]] | None = None,
        retry_after: float | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.errors = errors
        self.retry_after = retry_after
        self.extra = extra


def not_found(what: str) -> Problem:
    """The same answer for what does not exist and for what belongs to somebody else."""
    return Problem(404, "not_found", f"There is no such {what}, or it is not yours to see.")


TITLES = {
    400: "Not understood",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too big",
    415: "Unsupported media type",
    422: "Could not be done",
    429: "Too many attempts",
    503: "Not available now",
}


def document(status: int, code: str, detail: str, **extra: Any) -> Response:
    """One problem document as a response."""
    body = {"type": f"about:blank#{code}", "title": TITLES.get(status, "Error"), "status": status, "code": code}
    filled = {name: value for name, value in extra.items() if value is not None}
    return Response(body | {"detail": detail} | filled, status=status, content_type="application/problem+json")


def _flatten(errors: Any, prefix: str = "") -> dict[str, list[str]]:
    if isinstance(errors, dict):
        flat: dict[str, list[str]] = {}
        for name, value in errors.items():
            flat |= _flatten(value, f"{prefix}.{name}" if prefix else str(name))
        return flat
    if isinstance(errors, list) and any(isinstance(item, dict | list) for item in errors):
        flat = {}
        for position, item in enumerate(errors):
            flat |= _flatten(item, f"{prefix}.{position}" if prefix else str(position))
        return flat
    return {prefix or "": [str(item) for item in (errors if isinstance(errors, list) else [errors])]}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Anything unforeseen stays unhandled here: Django logs it and answers 500."""
    set_rollback()
    match error:
        case Problem():
            answer = document(error.status_code, error.code, str(error.detail), errors=error.errors, **error.extra)
            if error.retry_after is not None:
                answer["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
            return answer
        case exceptions.ValidationError():
            errors = _flatten(error.detail)
            first = next(iter(next(iter(errors.values()), [])), "Something in the request is wrong.")
            return document(400, "invalid", first, errors=errors)
        case RequestDataTooBig():
            return document(413, "too_big", "What was sent is too big for one request.")
        case ValidationError():
            return document(400, "invalid", " ".join(error.messages))
        case Http404() | exceptions.NotFound():
            return document(404, "not_found", "There is nothing at this address.")
        case PermissionDenied() | exceptions.PermissionDenied():
            return document(403, "forbidden", "You are signed in, but this is not yours to do.")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            answer = document(401, "not_authenticated", "Sign in first: the access token is missing or has lapsed.")
            answer["WWW-Authenticate"] = 'Bearer realm="pmsync"'
            return answer
        case exceptions.APIException():
            return document(error.status_code, str(error.default_code), str(error.detail))
        case _:
            return None
