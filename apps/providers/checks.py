"""Whether an account's servers take its log-in: each service step by step, in parallel, in time.

The steps are name, port, tls, login, permission. A log-in is tried at once; only when it fails is
the way walked again without credentials (`adapters.probe`) to tell the person where it ends.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog

from apps.core import net

from .adapters import errors, probe
from .adapters.base import Endpoint, Login
from .adapters.dav import discovery as dav
from .adapters.dav import trusts
from .adapters.imap.session import ImapSession
from .adapters.probe import Finding, Obstacle, Protocol
from .adapters.smtp import check as smtp
from .network import Network, port_allowed
from .sentences import say

log = structlog.get_logger(__name__)

STEPS: Final = ("name", "port", "tls", "login", "permission")
SHOWN: Final = {"imap": "IMAP", "smtp": "SMTP", "caldav": "CalDAV", "carddav": "CardDAV"}
USUAL: Final = {"imap": 993, "smtp": 465, "caldav": 443, "carddav": 443}
CONTROL: Final = frozenset("\0\r\n\x01")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail service listens, as the person or discovery named it."""

    host: str
    port: int
    security: str = "tls"  # tls | starttls | none


@dataclass(frozen=True, slots=True)
class Services:
    """An account's services; None for one that it does not have."""

    imap: Server | None = None
    smtp: Server | None = None
    caldav: str | None = None
    carddav: str | None = None
    trusted: tuple[str, ...] = ()
    """Domains whose hosts may be sent the password when a DAV server refers to them."""


@dataclass(frozen=True, slots=True)
class Check:
    """One step of one service, told to the person. `said` is the server's own words."""

    service: str
    step: str
    ok: bool
    host: str
    port: int
    message: str
    said: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a service is not usable: a key of `sentences`, whose first part is the step."""

    code: str
    said: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def step(self) -> str:
        """The step that failed."""
        return self.code.split(".")[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One service's result; `found` is what a DAV server told about itself."""

    service: str
    host: str
    port: int
    security: str
    failure: Failure | None
    found: dav.Found | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One service to be checked: where it is, and how."""

    service: str
    host: str
    port: int
    security: str
    run: Callable[[], tuple[Failure | None, dav.Found | None]] = field(repr=False)

    def outcome(self, failure: Failure | None, found: dav.Found | None = None) -> Outcome:
        """What came of it."""
        return Outcome(self.service, self.host, self.port, self.security, failure, found)


def run(services: Services, login: Login, network: Network) -> list[Outcome]:
    """Check every service at once; each ends within the network's patience."""
    jobs = _jobs(services, login, network)
    if CONTROL & set(login.username + login.password) or not login.username or not login.password:
        return [job.outcome(Failure("login.characters")) for job in jobs]
    deadline = time.monotonic() + network.patience.whole
    pool = ThreadPoolExecutor(max_workers=max(1, len(jobs)), thread_name_prefix="check")
    running = [(job, pool.submit(job.run)) for job in jobs]
    try:
        return [job.outcome(*_in_time(future, deadline, network)) for job, future in running]
    finally:
        # A name server or a server that hangs must not hold the person: its thread ends by its own clocks.
        pool.shutdown(wait=False, cancel_futures=True)


def _in_time(
    future: "Future[tuple[Failure | None, dav.Found | None]]", deadline: float, network: Network
) -> tuple[Failure | None, dav.Found | None]:
    try:
        return future.result(timeout=max(0.0, deadline - time.monotonic()))
    except Late:
        return Failure("port.slow", facts={"seconds": f"{network.patience.whole:g}"}), None


def _jobs(services: Services, login: Login, network: Network) -> list[Job]:
    jobs = []
    for name, server, protocol, log_in in (
        ("imap", services.imap, Protocol.IMAP, _imap),
        ("smtp", services.smtp, Protocol.SMTP, _smtp),
    ):
        if server is not None:
            jobs.append(_mail_job(name, server, _Mail(server, login, network, protocol, log_in)))
    for kind in dav.Service:
        url = services.caldav if kind is dav.Service.CALDAV else services.carddav
        if url:
            jobs.append(_dav_job(url, _Dav(url, login, network, kind, services.trusted)))
    return jobs


def _mail_job(name: str, server: Server, run: "_Mail") -> Job:
    return Job(name, server.host, server.port, server.security, run)


def _dav_job(url: str, run: "_Dav") -> Job:
    parts = urlsplit(url)
    security = "none" if parts.scheme == "http" else "tls"
    return Job(run.kind.value, parts.hostname or url, run.port(), security, run)


@dataclass(frozen=True, slots=True)
class _Mail:
    server: Server
    login: Login
    network: Network
    protocol: Protocol
    log_in: Callable[[Endpoint, Login, Network], None]

    def __call__(self) -> tuple[Failure | None, None]:
        return self._try(), None

    def _try(self) -> Failure | None:
        server = self.server
        if not port_allowed(server.port):
            return Failure("port.odd")
        addresses = _resolve(self.network, server.host, server.port)
        if isinstance(addresses, Failure):
            return addresses
        endpoint = Endpoint(server.host, server.port, server.security, addresses)
        begun = time.monotonic()
        try:
            self.log_in(endpoint, self.login, self.network)
        except errors.AdapterError as error:
            hung = time.monotonic() - begun >= self.network.patience.answer * 0.95
            finding = probe.look(endpoint, self.protocol, tls=self.network.tls(), seconds=self.network.patience.step)
            return _obstacle(finding) if finding else refused(error, hung=hung)
        return None


def _imap(endpoint: Endpoint, login: Login, network: Network) -> None:
    with closing(ImapSession.open(endpoint, login, timeouts=network.patience.timeouts, tls=network.tls())) as session:
        session.examine("INBOX")


def _smtp(endpoint: Endpoint, login: Login, network: Network) -> None:
    smtp.log_in(endpoint, login, timeouts=network.patience.timeouts, tls=network.tls())


def _resolve(network: Network, host: str, port: int) -> tuple[str, ...] | Failure:
    if not valid_host(host):
        return Failure("name.invalid")
    try:
        return network.resolve(host, port)
    except net.HostRefused:
        return Failure("name.private")
    except net.HostUnknown:
        return Failure("name.unknown")


LABEL: Final = r"(?!-)[\w-]{1,63}(?<!-)"
HOST: Final = re.compile(rf"{LABEL}(\.{LABEL})*\.?|\[?[0-9a-fA-F:.]+(%\w+)?\]?")


def valid_host(host: str) -> bool:
    """Whether this can be a host's name or address at all: no control characters, no path, no user."""
    return len(host) <= 253 and HOST.fullmatch(host) is not None


def _obstacle(finding: Finding) -> Failure:
    return Failure(finding.obstacle.value, said=finding.said)


APP_PASSWORD: Final = re.compile(r"app(lication)?[- ]specific password|\bapp password", re.IGNORECASE)
WEBSITE: Final = re.compile(
    r"imap (access )?is disabled|not enabled|enable imap|(web|browser) login|via your web browser", re.IGNORECASE
)


def refused(error: errors.AdapterError, *, hung: bool = False) -> Failure:
    """Why a log-in failed on a connection that was sound. Pure."""
    said = error.said
    match error:
        case errors.RateLimited():
            return Failure("login.too_many", said)
        case errors.Transient():
            return Failure("login.silent" if hung else "login.later", said)
        case errors.PermissionMissing():
            return Failure("permission.denied", said)
        case errors.NotFound():
            return Failure("permission.no_inbox", said)
        case errors.NeedsReconnect() | errors.AuthExpired() if said:
            if APP_PASSWORD.search(said):
                return Failure("login.app_password", said)
            return Failure("login.website" if WEBSITE.search(said) else "login.refused", said)
        case _:
            return Failure("login.other", said, {"reason": error.reason})


@dataclass(frozen=True, slots=True)
class _Dav:
    url: str
    login: Login
    network: Network
    kind: dav.Service
    trusted: tuple[str, ...]

    def port(self) -> int:
        """The URL's port; 0 for one that is no port."""
        parts = urlsplit(self.url)
        try:
            return parts.port or (80 if parts.scheme == "http" else 443)
        except ValueError:
            return 0

    def __call__(self) -> tuple[Failure | None, dav.Found | None]:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or not valid_host(host):
            return Failure("name.invalid"), None
        if not port_allowed(self.port()):
            return Failure("port.odd"), None
        addresses = _resolve(self.network, host, self.port())
        if isinstance(addresses, Failure):
            return addresses, None
        # Unencrypted only inside a private network, where the guard let it pass.
        if parts.scheme == "http" and any(net.is_public(address) for address in addresses):
            return Failure("tls.unencrypted"), None
        return self._find(host)

    def _find(self, host: str) -> tuple[Failure | None, dav.Found | None]:
        try:
            with self.network.http() as http:
                search = dav.Search(http, self.login, self.kind, trusts(host, self.trusted))
                return None, dav.find(search, self.url)
        except dav.Elsewhere as elsewhere:
            return Failure("permission.elsewhere", facts={"other": elsewhere.host}), None
        except errors.NotFound as error:
            return Failure("permission.no_service", error.said), None
        except errors.AdapterError as error:
            return refused(error), None
        except httpx.TransportError as error:
            return transport_failure(error), None
        except net.HostRefused:
            return Failure("name.private"), None
        except net.HostUnknown:
            return Failure("name.unknown"), None


def transport_failure(error: httpx.TransportError) -> Failure:
    """What an HTTP connection's failure means, judged by the exception at its root."""
    root: BaseException = error
    while (below := root.__cause__ or root.__context__) is not None:
        root = below
    obstacle = probe.obstacle_of(root)
    if obstacle is not None:
        return _obstacle(obstacle)
    if isinstance(error, httpx.TimeoutException):
        return Failure("port.silent")
    if isinstance(error, httpx.ConnectError):
        return Failure("port.unreachable")
    return _obstacle(Finding(Obstacle.PORT_OTHER))


def report(outcomes: Sequence[Outcome], locale: str = "en") -> list[Check]:
    """The outcomes as sentences: what went well up to where each service stopped."""
    return [check for outcome in outcomes for check in _steps(outcome, locale)]


def _steps(outcome: Outcome, locale: str) -> list[Check]:
    failure = outcome.failure
    reached = STEPS.index(failure.step) if failure else len(STEPS)
    facts: dict[str, object] = {
        "host": outcome.host,
        "port": outcome.port,
        "service": SHOWN[outcome.service],
        "usual": USUAL[outcome.service],
    }
    # Bad characters are found before anything was tried: no earlier step has passed.
    passed = () if failure and failure.code == "login.characters" else STEPS[:reached]
    told = [
        Check(outcome.service, step, True, outcome.host, outcome.port, say(_well(step, outcome), locale, **facts))
        for step in passed
    ]
    if failure:
        message = say(failure.code, locale, **(facts | failure.facts))
        told.append(Check(outcome.service, failure.step, False, outcome.host, outcome.port, message, failure.said))
    return told


def _well(step: str, outcome: Outcome) -> str:
    if step == "tls":
        return "ok.plain" if outcome.security == "none" else "ok.tls"
    return f"ok.permission.{outcome.service}" if step == "permission" else f"ok.{step}"
