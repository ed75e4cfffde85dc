"""Fixtures of compose's tests."""

from collections.abc import Iterator

import pytest

from tests.compose.fixtures import Desk
from tests.compose.fixtures import desk as open_desk
from tests.fakes.smtp_sink import Sink
from tests.imap.conftest import dovecot, dovecots
from tests.imap.dovecot import Dovecot
from tests.tenants.fixtures import Cast, Make

__all__ = ["desk", "dovecot", "dovecots", "private_hosts", "sink"]


@pytest.fixture(autouse=True)
def private_hosts(settings: object) -> None:
    """The servers of these tests are on the loopback."""
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = True  # type: ignore[attr-defined]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A submission server with a ledger."""
    with Sink() as server:
        yield server


@pytest.fixture
def desk(make: Make, cast: Cast, dovecot: Dovecot, sink: Sink) -> Iterator[Desk]:
    """The owner at work."""
    with open_desk(make, cast, dovecot, sink) as made:
        yield made
