"""What Google's APIs or the HTTP layer said, as one of the errors of `adapters.errors`. Pure.

A refusal is judged by its reason first, then by its status: the same status means several things, and
one thing comes under several (403 and 429 for a rate, 400 for a sync token that ended).
"""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from apps.providers.adapters import errors

QUOTA_PAUSE: Final = 3600.0
"""Calendar's own usage limits last for hours: whoever asks on only makes them longer."""
LONGEST_PAUSE: Final = 24 * 3600.0
SAID_MOST: Final = 300
_RETRY_AFTER: Final = re.compile(r"[Rr]etry after (\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))")

_Make = Callable[["Refusal"], errors.AdapterError]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success, taken apart. `reasons` are all that it names, old style and new."""

    surface: str
    status: int
    reasons: tuple[str, ...] = ()
    said: str = ""
    retry_after: float | None = None


def refusal(surface: str, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Refusal:
    """Read an answer: Google's JSON, or a page that some proxy made.

    `surface` is gmail, calendar or people; `now` gives seconds since the epoch, which a moment to try again at
    is counted from.
    """
    told = _error_of(body)
    said = str(told.get("message", ""))[:SAID_MOST]
    # The newer reasons first: failedPrecondition is all that the older one says of a sync token that ended.
    reasons = tuple(
        str(one["reason"])
        for name in ("details", "errors")
        for one in (told.get(name) if isinstance(told.get(name), list) else None) or ()
        if isinstance(one, dict) and one.get("reason")
    )
    return Refusal(surface, status, reasons, said, _pause(headers.get("retry-after", ""), said, now))


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    if isinstance(told, list) and told:
        told = told[0]
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}


def _pause(header: str, said: str, now: float) -> float | None:
    """Seconds to wait: Retry-After as a number or a date (RFC 9110 section 10.2.3), or the moment in the text."""
    try:
        if header.strip().isdecimal():
            return min(float(header), LONGEST_PAUSE)
        if header:
            return _until(parsedate_to_datetime(header), now)
        found = _RETRY_AFTER.search(said)
        return _until(datetime.fromisoformat(found[1]), now) if found else None
    except (ValueError, TypeError):
        return None


def _until(moment: datetime, now: float) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware.timestamp() - now, 0.0), LONGEST_PAUSE)


def _a(kind: type[errors.AdapterError], reason: str) -> _Make:
    return lambda told: kind(reason, said=told.said)


def _rate(told: Refusal) -> errors.AdapterError:
    return errors.RateLimited("Google asks for fewer requests", said=told.said, retry_after=told.retry_after)


def _usage(told: Refusal) -> errors.AdapterError:
    pause = max(told.retry_after or 0.0, QUOTA_PAUSE)
    return errors.RateLimited("Google's usage limit is reached", said=told.said, retry_after=pause)


def _passing(told: Refusal) -> errors.AdapterError:
    return errors.Transient(f"Google answers {told.status}", said=told.said, retry_after=told.retry_after)


def _precondition(told: Refusal) -> errors.AdapterError:
    if told.surface == "people":
        return errors.Conflict("the contact was changed meanwhile", said=told.said)
    if told.surface == "gmail":
        return errors.PermissionMissing("the account has no mailbox, or it is suspended", said=told.said)
    return errors.Rejected("Google refuses this as things stand", said=told.said)


_EXPIRED: Final = _a(errors.CursorExpired, "Google no longer tells the changes since then")
_SCOPE: Final = _a(errors.PermissionMissing, "the consent does not cover this")
_POLICY: Final = _a(errors.PermissionMissing, "the organisation or the project does not allow this")
_OFF: Final = _a(errors.ServiceOff, "the interface is not switched on in the application's project")
_ACCESS: Final = _a(errors.PermissionMissing, "the account may not do this")
_REFUSED: Final = _a(errors.Rejected, "Google refuses this")

REASONS: Final[Mapping[str, _Make]] = {
    "EXPIRED_SYNC_TOKEN": _EXPIRED,
    "fullSyncRequired": _EXPIRED,
    "updatedMinTooLongAgo": _EXPIRED,
    "deleted": _a(errors.NotFound, "it is deleted"),
    "userRateLimitExceeded": _rate,
    "rateLimitExceeded": _rate,
    "RATE_LIMIT_EXCEEDED": _rate,
    "quotaExceeded": _usage,
    "dailyLimitExceeded": _usage,
    "calendarUsageLimits": _REFUSED,
    "insufficientPermissions": _SCOPE,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _SCOPE,
    "domainPolicy": _POLICY,
    "accessNotConfigured": _OFF,
    "SERVICE_DISABLED": _OFF,
    "requiredAccessLevel": _ACCESS,
    "forbidden": _REFUSED,
    "forbiddenForNonOrganizer": _REFUSED,
    "pushNotSupportedForRequestedResource": _a(errors.Rejected, "Google sends no notifications about this"),
    "failedPrecondition": _precondition,
}
STATUSES: Final[Mapping[int, _Make]] = {
    401: _a(errors.AuthExpired, "Google did not accept the access token"),
    403: _ACCESS,
    404: _a(errors.NotFound, "it does not exist"),
    408: _passing,
    409: _a(errors.Conflict, "it is there already, or was changed at the same moment"),
    410: _EXPIRED,
    412: _a(errors.Conflict, "it was changed meanwhile"),
    413: _a(errors.Rejected, "it is too big for Google"),
    429: _rate,
    501: _REFUSED,
}
_NO_MAIL: Final = re.compile(r"mail service not enabled|precondition check failed", re.IGNORECASE)
_TOKEN_ENDED: Final = re.compile(r"sync token is expired", re.IGNORECASE)


def from_refusal(told: Refusal) -> errors.AdapterError:
    """The typed error of a refusal."""
    if told.status == 401:
        return STATUSES[401](told)
    if told.status >= 500 and told.status != 501:
        return _passing(told)  # whatever reason stands in it
    if told.surface == "people" and _TOKEN_ENDED.search(told.said):
        return _EXPIRED(told)
    if told.surface == "gmail" and told.status in (400, 403) and _NO_MAIL.search(told.said):
        return _precondition(told)
    for reason in told.reasons:
        if reason in REASONS:
            return REASONS[reason](told)
    if told.status in STATUSES:
        return STATUSES[told.status](told)
    if 300 <= told.status < 400:
        return errors.Transient("the answer leads to another address, where no token is sent", said=told.said)
    return _REFUSED(told) if told.status >= 400 else _passing(told)


LOWER: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
"""What the layers below may raise: JSON and text that cannot be read are ValueErrors."""


def from_exception(exc: BaseException) -> errors.AdapterError:
    """The typed error of what the HTTP layer or a decoder raised; one of ours is given back as it is.

    The words of the exception are not passed on: a URL in them may hold what nobody should read.
    """
    match exc:
        case errors.AdapterError():
            return exc
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return errors.ProviderDown("Google cannot be reached", said=type(exc).__name__)
        case httpx.TimeoutException() | TimeoutError():
            return errors.Transient("Google did not answer in time", said=type(exc).__name__)
        case httpx.HTTPError() | httpx.InvalidURL() | httpx.StreamError() | ssl.SSLError() | OSError():
            return errors.Transient("the connection to Google broke", said=type(exc).__name__)
        case ValueError():
            return errors.Transient("Google's answer cannot be read", said=type(exc).__name__)
    raise TypeError(f"not an exception of the HTTP connection: {type(exc).__name__}") from exc
