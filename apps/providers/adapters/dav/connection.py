"""One logged-in HTTP connection to a DAV server: requests out, answers or typed errors back."""

import email.utils
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from ssl import SSLContext
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from apps.providers.adapters import errors, web
from apps.providers.adapters.base import Login, Traffic

from . import xml
from .discovery import MOST_REDIRECTS, REDIRECTS
from .signing import Signed

BOUNDS: Final = web.Bounds(seconds=120.0, octets=64 * 1024 * 1024)
PATIENCE: Final = 30.0
"""Seconds for the connection, and for each piece of an answer."""
# 418: Nextcloud, for objects that were deleted (python-caldav/caldav#203).
GONE: Final = frozenset({404, 410, 418})


def trusts(own: str, domains: Sequence[str]) -> Callable[[str], bool]:
    """Whether a host may be sent the password: the one that was named, and those of the trusted domains."""
    known = tuple(domain.lower().rstrip(".") for domain in domains if domain)

    def trusted(host: str) -> bool:
        wanted = host.lower().rstrip(".")
        return wanted == own.lower() or any(wanted == each or wanted.endswith(f".{each}") for each in known)

    return trusted


class Connection:
    """Requests as one person, to the server of `base` and to hosts that are trusted. One thread at a time."""

    def __init__(
        self, base: str, login: Login, resolve: web.Resolve, tls: SSLContext, trusted: Callable[[str], bool]
    ) -> None:
        self.base = base
        self._trusted = trusted
        self._stack = ExitStack()
        self._signed = Signed(self._stack.enter_context(web.client(resolve, tls, PATIENCE)), login)
        self.traffic = Traffic()

    def close(self) -> None:
        """Let the connection go."""
        self._stack.close()

    def url(self, remote_id: str) -> str:
        """Where a key of ours lies."""
        return urljoin(self.base, remote_id)

    def key(self, href: str, at: str) -> str:
        """The key of what an answer from `at` names: the path as the server wrote it, or the whole URL when it lies
        on another host."""
        target, base = urlsplit(urljoin(at, href)), urlsplit(self.base)
        if (target.scheme, target.netloc) != (base.scheme, base.netloc):
            return target.geturl()
        return target.path + (f"?{target.query}" if target.query else "")

    def ask(
        self, method: str, remote_id: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> web.Answer:
        """One request and its answer, whatever its status. Redirects are followed, with method and body kept.

        Raises ProviderDown, Transient; Rejected when a key or a redirect leads to a host that is not trusted.
        """
        url = self.base
        target = self.url(remote_id)
        for _ in range(MOST_REDIRECTS + 1):
            url = self._allowed(url, target)
            answer = self._once(method, url, body, headers or {})
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return answer
            target = urljoin(url, location)
        raise errors.Transient("the server redirects in a circle")

    def _allowed(self, url: str, target: str) -> str:
        """Where an answer from `url` points. Raises Rejected for what would show the password to somebody else."""
        here, there = urlsplit(url), urlsplit(target)
        if there.scheme != "https" and here.scheme == "https":
            raise errors.Rejected("the server refers to a connection that is not encrypted")
        if there.hostname != here.hostname and not self._trusted(there.hostname or ""):
            raise errors.Rejected(f"the server refers to another host, {there.hostname}")
        return target

    def _once(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> web.Answer:
        try:
            answer = self._signed.ask(method, url, body, headers, BOUNDS)
        except web.TooMuch as error:
            raise errors.Transient(str(error)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise errors.ProviderDown(f"the server cannot be reached: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise errors.Transient(f"the connection broke: {type(error).__name__}") from None
        except (httpx.InvalidURL, UnicodeError):
            raise errors.Rejected("the server named an address that is none") from None
        self.traffic = Traffic(
            self.traffic.round_trips + 1,
            self.traffic.bytes_in + len(answer.body),
            self.traffic.bytes_out + len(body),
        )
        return answer

    def multistatus(self, method: str, remote_id: str, body: bytes, depth: int) -> tuple[web.Answer, xml.Multistatus]:
        """A PROPFIND or REPORT whose answer is a 207. Raises the typed error of any other."""
        answer = self.ask(method, remote_id, body, {"Depth": str(depth), "Content-Type": xml.CONTENT_TYPE})
        if answer.status != 207:
            raise failure(answer)
        try:
            return answer, xml.answer(answer.body)
        except xml.NotDav as error:
            raise errors.Transient(f"the answer is not WebDAV: {error}") from None


def failure(answer: web.Answer) -> errors.AdapterError:
    """The typed error that an answer stands for (RFC 4918 section 11, RFC 4791 section 1.3)."""
    condition = xml.precondition(answer.body)
    said = f"HTTP {answer.status}" + (f" {condition}" if condition else "")
    match answer.status:
        case 401:
            return errors.NeedsReconnect("the server did not accept the user name and password", said=said)
        case 403:
            return errors.PermissionMissing("the server does not allow this", said=said)
        case 405 | 413 | 415 | 501 | 507:
            return errors.Rejected("the server does not take this", said=said)
        case 412:
            return errors.Conflict("the object is not the one that was read", said=said)
        case 429 | 503:
            return errors.RateLimited("the server asked for fewer requests", said=said, retry_after=_pause(answer))
        case status if status in GONE:
            return errors.NotFound("it does not exist at the server", said=said)
        case status if status in (408, 423) or status >= 500:
            return errors.Transient("the server reports a passing fault", said=said)
    return errors.Rejected("the server does not take this", said=said)


def _pause(answer: web.Answer) -> float | None:
    """Retry-After in seconds: a number or a date (RFC 9110 section 10.2.3)."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isdigit():
        return float(told)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
