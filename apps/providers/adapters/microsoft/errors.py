"""What Graph answers when it refuses, as the errors of `adapters.errors`; the one place where that is decided.

Microsoft Graph, "Microsoft Graph error responses and resource types". Codes are compared without regard to
case and never by message; an unknown code is judged by its status.
"""

import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from apps.providers.adapters import errors

PERMISSION: Final = frozenset(
    "erroraccessdenied authorization_requestdenied accessdenied forbidden mailboxnotenabledforrestapi "
    "mailboxnotsupportedforrestapi errorinvaliduser".split()
)
"""The last three: no licence, or a mailbox on premises."""
EXPIRED: Final = frozenset("syncstatenotfound syncstateinvalid resyncrequired resynchronizationrequired".split())
SLOWER: Final = frozenset("applicationthrottled activitylimitreached toomanyrequests errortoomanyrequests".split())
DAILY: Final = "errorexceededmessagelimit"
DAILY_PAUSE: Final = 3600.0
"""Seconds: the sending limit is one of a day, and says nothing of when it ends."""
TOO_BIG: Final = frozenset("errormessagesizeexceeded errorquotaexceeded".split())
CLAIMS: Final = re.compile(r'error="insufficient_claims"')


def code_of(body: Any) -> str:
    """The outermost error code of an answer, in lower case; empty when it has none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code.lower() if isinstance(code, str) else ""


def failure(status: int, headers: Mapping[str, str], body: Any) -> errors.AdapterError:
    """The typed error of one answer. Pure."""
    code, said = code_of(body), _said(status, body)
    pause = retry_after(headers)
    if code in EXPIRED or status == 410:
        return errors.CursorExpired("Graph no longer knows where this round stood", said=said)
    if status == 401:
        return _unauthorized(headers, said)
    if code == DAILY:
        return errors.RateLimited("the daily sending limit is reached", said=said, retry_after=pause or DAILY_PAUSE)
    if status == 429 or code in SLOWER:
        return errors.RateLimited("Graph asked for fewer requests", said=said, retry_after=pause)
    if code == "errorsendasdenied":
        return errors.Rejected("the account may not send in this name", said=said)
    if code in PERMISSION:
        return errors.PermissionMissing("Graph does not allow this", said=said)
    if code in TOO_BIG or status in (413, 507):
        return errors.Rejected("it is too big for the mailbox", said=said)
    if status == 403:
        refused = errors.Rejected if code.startswith("error") else errors.PermissionMissing
        return refused("Graph does not allow this", said=said)
    if status in (404, 405):
        return errors.NotFound("it does not exist at Microsoft", said=said)
    if status in (409, 412):
        return errors.Conflict("it changed at Microsoft", said=said)
    if status == 408 or status >= 500:
        return errors.Transient("Graph reports a passing fault", said=said, retry_after=pause)
    return errors.Rejected("Graph does not take this", said=said)


def _unauthorized(headers: Mapping[str, str], said: str) -> errors.AdapterError:
    challenge = headers.get("www-authenticate", "")
    if CLAIMS.search(challenge):
        found = re.search(r'claims="([^"]*)"', challenge)
        return errors.SignInRequired(
            "the organisation asks for a new sign-in", said=said, claims=found[1] if found else ""
        )
    return errors.AuthExpired("Graph does not accept the access token", said=said)


def _said(status: int, body: Any) -> str:
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return f"HTTP {status}"
    return f"HTTP {status} {error.get('code', '')}: {error.get('message', '')}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds: a number or a date (RFC 9110 section 10.2.3)."""
    told = headers.get("retry-after", "").strip()
    if told.isdigit():
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def from_transport(error: httpx.HTTPError | httpx.InvalidURL) -> errors.AdapterError:
    """The typed error of what httpx raises."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return errors.ProviderDown(f"Microsoft cannot be reached: {type(error).__name__}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return errors.Rejected("the address is none")
    return errors.Transient(f"the connection broke: {type(error).__name__}")
