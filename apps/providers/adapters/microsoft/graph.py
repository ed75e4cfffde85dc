"""Microsoft Graph for one account: requests out, answers or typed errors back. Knows no resource.

Every request asks for immutable ids and for times in UTC. The bearer goes to the configured host only: links that
Graph gives are checked, redirects are not followed.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from ssl import SSLContext
from threading import Lock, current_thread
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import orjson

from apps.providers.adapters import errors
from apps.providers.adapters.base import Budget, Meter, TokenSource, Traffic, Unmetered
from apps.providers.adapters.tls import for_http

from .errors import failure, from_transport

ROOT: Final = "https://graph.microsoft.com/v1.0"
PREFER: Final = 'IdType="ImmutableId", outlook.timezone="UTC"'
PATIENCE: Final = httpx.Timeout(30.0, connect=15.0)
LONGEST: Final = 180.0
"""Seconds for a whole request, whatever the server does."""
JSON_MOST: Final = 64 * 1024 * 1024
AT_ONCE: Final = 3
"""Requests under way: Outlook takes four for one application and mailbox, and another surface may need one."""
BUDGET: Final = Budget("graph", per_user=1_000)
"""Outlook's 10,000 requests in ten minutes for one application and mailbox."""
WORKER: Final = "graph-worker"
SHORT: Final = 3.0
"""A pause of up to so many seconds is waited out here: 429 for too many at once mostly says one second."""
PAUSES: Final = 3

Json = dict[str, Any]
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that is no refusal, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Json:
        """The JSON object. Raises Transient when it is none: an answer was cut off, or a proxy speaks."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise errors.Transient("the answer is not JSON") from None
        if not isinstance(found, dict):
            raise errors.Transient("the answer is no JSON object")
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list or of a round of change tracking: its items and the link that follows it."""

    items: tuple[Json, ...]
    next: str = ""
    delta: str = ""


def segment(name: str) -> str:
    """An id as one segment of a path: Outlook's hold `/`, `+` and `=`."""
    return quote(name, safe="")


class Graph:
    """Requests in the name of one account. `user` is `me`, or `users/{id}` for an application by itself."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        root: str = ROOT,
        user: str = "me",
        tls: SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter or Unmetered()
        self._tokens, self._root, self._user, self._pause = tokens, root.rstrip("/"), user, pause
        parts = urlsplit(self._root)
        self._origin = (parts.scheme, parts.netloc)
        self._http = httpx.Client(
            verify=tls or for_http(), timeout=PATIENCE, follow_redirects=False, trust_env=False,
            headers={"User-Agent": "PMSync/1"},
        )  # fmt: skip
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self.traffic = Traffic()

    @property
    def user(self) -> str:
        """The account's part of every path."""
        return self._user

    def close(self) -> None:
        """Let the connections go; never raises."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ------------------------------------------------------------------ requests

    def get(self, path: str, prefer: str = "", **query: str) -> Json:
        """The JSON of a GET below the account. `query` holds OData options without their `$`. Raises errors."""
        return self.ask("GET", self.url(path, query), prefer=prefer).json

    def send(self, method: str, path: str, body: Json | None = None, *, if_match: str = "") -> Answer:
        """A request that writes. Raises errors; a cut leaves it open whether it was carried out."""
        headers = {"If-Match": if_match} if if_match else {}
        content = orjson.dumps(body) if body is not None else b""
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.ask(method, self.url(path), content, headers)

    def page(self, link: str, prefer: str = "") -> Page:
        """One page, by its URL or by a link that Graph gave. Raises CursorExpired for a link that is dead."""
        self._check_host(link)
        followed = "token=" in link
        try:
            found = self.ask("GET", link, prefer=prefer).json
        except (errors.NotFound, errors.Rejected) as error:
            if not followed:
                raise
            # An old link is answered with 400 or 404 as well as with 410.
            raise errors.CursorExpired("Graph does not know the link any more", said=error.said) from None
        items = found.get("value")
        if not isinstance(items, list):
            raise errors.Transient("the answer is no page")
        return Page(tuple(items), found.get("@odata.nextLink") or "", found.get("@odata.deltaLink") or "")

    def pages(self, link: str, prefer: str = "") -> Iterator[Page]:
        """That page and those that follow it."""
        while link:
            page = self.page(link, prefer)
            yield page
            link = page.next

    def values(self, path: str, prefer: str = "", **query: str) -> Iterator[Json]:
        """All items of a list."""
        for page in self.pages(self.url(path, query), prefer):
            yield from page.items

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Where a path below the account lies. Names of OData options get their `$`."""
        pairs = "&".join(f"{_option(name)}={quote(value, safe='')}" for name, value in (query or {}).items())
        return f"{self._root}/{self._user}/{path}" + (f"?{pairs}" if pairs else "")

    def service(self, path: str) -> str:
        """Where a path lies that belongs to no account (`subscriptions`)."""
        return f"{self._root}/{path}"

    def together(self, ask: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """Ask for each, some at a time, answers in the items' order. Raises the first error."""
        if len(items) < 2 or current_thread().name.startswith(WORKER):
            # A worker that waited for other workers could wait for ever.
            return [ask(item) for item in items]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=WORKER)
        # Each in a copy of the caller's context, so that what is done in the background stays so.
        return [one.result() for one in [self._pool.submit(copy_context().run, ask, item) for item in items]]

    def ask(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        prefer: str = "",
        most: int = JSON_MOST,
    ) -> Answer:
        """One request. A rejected token is renewed once, a short pause is waited out. Raises errors of `adapters`."""
        self._check_host(url)
        token, renewed, pauses = self._tokens.token(), False, 0
        wanted = dict(headers or {}) | {"Prefer": ", ".join(filter(None, (PREFER, prefer)))}
        while True:
            answer = self._once(method, url, content, wanted | {"Authorization": f"Bearer {token}"}, most)
            if answer.status < 300:
                return answer
            error = _refusal(answer)
            if isinstance(error, errors.AuthExpired) and not renewed:
                token, renewed = self._tokens.token(rejected=token), True
                continue
            if isinstance(error, errors.RateLimited) and pauses < PAUSES and (error.retry_after or 1.0) <= SHORT:
                pauses += 1
                self._pause(error.retry_after or 1.0)
                continue
            if isinstance(error, errors.AuthExpired):
                # Single back ends refuse valid tokens: spaced tries of the engine, then the person is asked.
                raise errors.TokenRefused(error.reason, said=error.said) from None
            raise error

    def bare(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """A request without the bearer, to a URL that carries its own right (upload sessions). Raises errors."""
        answer = self._once(method, url, content, dict(headers), JSON_MOST)
        if answer.status >= 300:
            raise _refusal(answer)
        return answer

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != self._origin:
            raise errors.Rejected("a link leads to another host")

    def _once(self, method: str, url: str, content: bytes, headers: Mapping[str, str], most: int) -> Answer:
        self._meter.spend(BUDGET, 1)
        sent = {"client-request-id": str(uuid.uuid4()), **headers}
        try:
            request = self._http.build_request(method, url, content=content, headers=sent)
            answer = _read(self._http.send(request, stream=True), most)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise from_transport(error) from None
        with self._lock:
            self.traffic = Traffic(
                self.traffic.round_trips + 1,
                self.traffic.bytes_in + len(answer.body),
                self.traffic.bytes_out + len(content),
            )
        return answer


def _read(response: httpx.Response, most: int) -> Answer:
    deadline = time.monotonic() + LONGEST
    try:
        body = bytearray()
        # Piece by piece as they come: a time-out begins anew with each, so a drip is ended here.
        for piece in response.iter_bytes():
            body += piece
            if len(body) > most:
                raise errors.Rejected(f"the answer is longer than {most} octets")
            if time.monotonic() > deadline:
                raise errors.Transient("the answer took too long")
        return Answer(response.status_code, dict(response.headers), bytes(body))
    finally:
        response.close()


def _option(name: str) -> str:
    return name if name in ("startDateTime", "endDateTime", "includeHiddenFolders") else f"${name}"


def _refusal(answer: Answer) -> errors.AdapterError:
    if answer.status < 400:
        return errors.Transient(f"Graph redirects elsewhere (HTTP {answer.status})")
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    return failure(answer.status, answer.headers, body)
