"""Fixtures: a name server, a certificate authority and the `Network` that sees only them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.providers.network import Network, Patience
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.imap.dovecot import Dovecot

# Dovecot answers later and later after wrong passwords; here they are asked for on purpose.
AT_ONCE = """
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
HASTE = Patience(connect=2.0, answer=0.8, step=0.4, whole=10.0)
"""A person's patience is 15 s; the tests have less of it."""


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server that says no as fast as yes."""
    # Not pytest's own directory: the paths of Dovecot's sockets must stay below 108 characters.
    with tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as folder:
        with Dovecot.start(Path(folder), extra=AT_ONCE) as server:
            yield server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that clients of these tests trust, and no other."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    """A name server with an empty table."""
    with DnsServer() as server:
        yield server


@pytest.fixture
def network(dns: DnsServer, authority: Authority) -> Network:
    """The world as the test made it: its names, its authority, and little patience."""
    return Network(dns.lookup, dns.resolver, authority.client, authority.client, patience=HASTE)


@pytest.fixture
def patient(dns: DnsServer, authority: Authority) -> Network:
    """The same world with more patience, for real servers on a busy machine."""
    return Network(
        dns.lookup, dns.resolver, authority.client, authority.client, patience=Patience(answer=4.0, step=1.0)
    )
