"""Fixtures: real Dovecots, one per profile and test process, started when first asked for."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.imap.dovecot import PROFILES, Dovecot


@pytest.fixture(scope="session")
def dovecots() -> Iterator[Callable[[str], Dovecot]]:
    """A server by the name of its profile."""
    running: dict[str, Dovecot] = {}
    # Not pytest's own directory: the paths of Dovecot's sockets must stay below 108 characters.
    base = Path(tempfile.mkdtemp(prefix="dovecot-"))

    def start(profile: str) -> Dovecot:
        if profile not in running:
            running[profile] = Dovecot.start(base / profile, PROFILES[profile])
        return running[profile]

    yield start
    for server in running.values():
        server.begin_to_stop()
    for server in running.values():
        server.stop()
    shutil.rmtree(base)


@pytest.fixture
def dovecot(dovecots: Callable[[str], Dovecot]) -> Dovecot:
    """A server that offers everything."""
    return dovecots("full")


@pytest.fixture(params=PROFILES)
def any_dovecot(request: pytest.FixtureRequest, dovecots: Callable[[str], Dovecot]) -> Dovecot:
    """Each profile in turn."""
    return dovecots(request.param)
