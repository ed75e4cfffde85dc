"""Every answer and every failure of the layers below has one typed error."""

import inspect
import json
import ssl

import httpx
import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.google.errors import LOWER, from_exception, from_refusal, refusal
from tests.fakes.google.wordings import TABLES, Wording

NOW = 1_780_000_000.0
SURFACES = {
    "general": "gmail", "gmail": "gmail", "calendar": "calendar", "people": "people", "pubsub": "gmail",
    "directory": "directory",
}  # fmt: skip


def judged(surface: str, status: int, body: object, **headers: str) -> errors.AdapterError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_refusal(refusal(surface, status, named, raw, NOW))


def error(reason: str, message: str = "", status: str = "", detail: str = "") -> dict[str, object]:
    told: dict[str, object] = {"message": message, "errors": [{"reason": reason}], "status": status}
    return {"error": told | ({"details": [{"reason": detail}]} if detail else {})}


@pytest.mark.parametrize(
    ("surface", "status", "body", "kind"),
    [
        ("gmail", 401, error("authError"), errors.AuthExpired),
        ("gmail", 403, error("userRateLimitExceeded"), errors.RateLimited),
        ("gmail", 403, error("rateLimitExceeded"), errors.RateLimited),
        ("calendar", 403, error("quotaExceeded"), errors.RateLimited),
        ("gmail", 403, error("insufficientPermissions"), errors.PermissionMissing),
        ("gmail", 403, error("domainPolicy"), errors.PermissionMissing),
        ("gmail", 403, error("accessNotConfigured"), errors.ServiceOff),
        ("calendar", 403, error("forbiddenForNonOrganizer"), errors.Rejected),
        ("gmail", 400, error("failedPrecondition", "Precondition check failed."), errors.PermissionMissing),
        ("gmail", 400, error("failedPrecondition", "Mail service not enabled"), errors.PermissionMissing),
        ("people", 400, error("failedPrecondition", "etag", "FAILED_PRECONDITION"), errors.Conflict),
        ("people", 400, error("failedPrecondition", detail="EXPIRED_SYNC_TOKEN"), errors.CursorExpired),
        ("people", 400, error("invalid", "Sync token is expired. Clear"), errors.CursorExpired),
        ("calendar", 410, error("fullSyncRequired"), errors.CursorExpired),
        ("calendar", 410, error("deleted"), errors.NotFound),
        ("calendar", 412, error("conditionNotMet"), errors.Conflict),
        ("calendar", 409, error("duplicate"), errors.Conflict),
        ("gmail", 404, error("notFound"), errors.NotFound),
        ("gmail", 404, b"<html>", errors.NotFound),
        ("gmail", 400, error("invalidArgument"), errors.Rejected),
        ("gmail", 413, b"", errors.Rejected),
        ("gmail", 429, b"", errors.RateLimited),
        ("gmail", 502, b"<html>", errors.Transient),
        ("gmail", 503, error("rateLimitExceeded"), errors.Transient),
        ("gmail", 302, b"", errors.Transient),
        ("gmail", 408, b"", errors.Transient),
    ],
)
def test_each_answer_has_its_error(surface: str, status: int, body: object, kind: type[errors.AdapterError]) -> None:
    assert type(judged(surface, status, body)) is kind


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, held in TABLES.items() for name in held])
def test_each_wording_has_an_error_that_fits_its_status(table: str, name: str) -> None:
    wording: Wording = TABLES[table][name]
    body = error(wording.reason, wording.message, wording.status, wording.detail)
    found = judged(SURFACES[table], wording.http, body)
    assert isinstance(found, errors.Transient) == (
        (wording.http >= 500 and wording.http != 501) or isinstance(found, errors.RateLimited)
    )


def test_a_pause_is_read_in_all_its_forms() -> None:
    def pause(body: object, **headers: str) -> float | None:
        found = judged("gmail", 429, body, **headers)
        assert isinstance(found, errors.RateLimited)
        return found.retry_after

    assert pause(b"", retry_after="17") == 17.0
    assert pause(b"", retry_after="Thu, 28 May 2026 20:27:40 GMT") == 60.0
    assert pause(b"", retry_after="soon") is None
    assert pause(error("rateLimitExceeded", "Retry after 2026-05-28T20:28:40.000Z")) == 120.0
    assert pause(b"") is None
    held = judged("calendar", 403, error("quotaExceeded"))
    assert isinstance(held, errors.RateLimited)
    assert held.retry_after == 3600.0


def test_each_exception_of_the_http_library_has_an_error() -> None:
    kinds = [one for _, one in inspect.getmembers(httpx, inspect.isclass) if issubclass(one, LOWER)]
    assert len(kinds) > 15
    for kind in (*kinds, ssl.SSLError, ConnectionResetError, TimeoutError, json.JSONDecodeError, UnicodeDecodeError):
        made = kind.__new__(kind)
        assert isinstance(from_exception(made), errors.Transient)
    with pytest.raises(TypeError):
        from_exception(KeyError("x"))
