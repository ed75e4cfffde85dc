"""Asks every source at once and lets the most trustworthy answer win."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from apps.providers.checks import Services
from apps.providers.models import ProviderType
from apps.providers.network import Network

from . import autoconfig, guesses, presets, records
from .found import Discovered

DEADLINE: Final = 15.0
"""Seconds for everything together; a source that has not answered by then knows nothing."""


def discover(
    address: str, network: Network, locale: str = "en", guess: Callable[[str, Network], Services] = guesses.look
) -> Discovered:
    """The servers of an address. Without any, `services.imap` is None and the person names them."""
    domain = address.rpartition("@")[2].lower()
    preset = presets.of_domain(domain)
    if preset is not None:
        return preset.discovered(address, "preset")
    pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="discover")
    try:
        return _Search(address, domain, network, pool, guess).best()
    finally:
        # Whoever is still asking ends by its own clocks; nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)


class _Search:
    """One search: every source under way, read in the order of trust."""

    def __init__(
        self, address: str, domain: str, network: Network, pool: ThreadPoolExecutor,
        guess: Callable[[str, Network], Services],
    ) -> None:  # fmt: skip
        ask = records.asker(network.resolver)
        self.address = address
        self.domain = domain
        self.deadline = time.monotonic() + DEADLINE
        self.srv = {kind: pool.submit(records.mail_server, ask, domain, kind) for kind in records.MAIL}
        self.dav = {kind: pool.submit(records.web_address, ask, domain, kind) for kind in records.WEB}
        self.document = pool.submit(autoconfig.look, address, network)
        self.exchangers = pool.submit(records.exchangers, ask, domain)
        self.guessed = pool.submit(guess, domain, network)

    def best(self) -> Discovered:
        """The first source that knows an IMAP server, completed by those after it."""
        return _known(self._first())

    def _first(self) -> Discovered:
        found = next((item for item in self._sources() if item.services.imap or item.refusal), None)
        if found is None:
            return self._with_dav(Discovered(self.address, "guess", Services(), self._usernames()))
        if found.refusal or found.services.smtp:
            return self._with_dav(found)
        smtp = next((item.services.smtp for item in self._sources() if item.services.smtp), None)
        confirm = found.confirm_hosts or (smtp is not None and self._foreign(smtp.host))
        return self._with_dav(replace(found, services=replace(found.services, smtp=smtp), confirm_hosts=confirm))

    def _sources(self) -> Iterator[Discovered]:
        yield self._of_srv()
        document = self._in_time(self.document, None)
        if document is not None:
            usernames = tuple(dict.fromkeys((document.username, *self._usernames())))
            yield Discovered(self.address, "autoconfig", document.services, usernames)
        for host in self._in_time(self.exchangers, []):
            preset = presets.of_mx(host)
            if preset is not None:
                yield preset.discovered(self.address, "mx")
                break
        yield Discovered(self.address, "guess", self._in_time(self.guessed, Services()), self._usernames())

    def _of_srv(self) -> Discovered:
        imap, smtp = (self._in_time(self.srv[kind], None) for kind in ("imap", "smtp"))
        # Without DNSSEC a forged answer could name any host: another domain's is shown first.
        confirm = any(server is not None and self._foreign(server.host) for server in (imap, smtp))
        return Discovered(self.address, "srv", Services(imap, smtp), self._usernames(), confirm_hosts=confirm)

    def _foreign(self, host: str) -> bool:
        return host != self.domain and not host.endswith(f".{self.domain}")

    def _with_dav(self, found: Discovered) -> Discovered:
        """What was found, with the calendars and address books that the domain's SRV records name."""
        services = found.services
        caldav = None if services.caldav else self._in_time(self.dav["caldav"], None)
        carddav = None if services.carddav else self._in_time(self.dav["carddav"], None)
        foreign = any(url and self._foreign(urlsplit(url).hostname or "") for url in (caldav, carddav))
        return replace(
            found,
            services=replace(services, caldav=services.caldav or caldav, carddav=services.carddav or carddav),
            confirm_hosts=found.confirm_hosts or (foreign and found.refusal is None),
        )

    def _usernames(self) -> tuple[str, ...]:
        """The whole address first, then its local part (RFC 6186 section 4)."""
        return self.address, self.address.rpartition("@")[0]

    def _in_time(self, future: "Future[Any]", otherwise: Any) -> Any:
        try:
            return future.result(timeout=max(0.0, self.deadline - time.monotonic()))
        except Late:
            return otherwise


def _known(found: Discovered) -> Discovered:
    """A company's own domain may publish the servers of a provider with consent: then its rules hold."""
    host = found.services.imap.host if found.services.imap else ""
    preset = presets.of_imap(host) if found.provider_type == ProviderType.IMAP else None
    if preset is None:
        return found
    return replace(found, provider_type=preset.provider_type, hint=preset.hint, refusal=preset.refusal)
