"""The stages of the cross-provider suite; a test that asks for `stage` runs at each."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from apps.core.redis import client as redis_client
from tests.cross.stages import Stage, cloud_stage, open_stage
from tests.fakes.certificates import Authority
from tests.fakes.smtp_sink import Sink
from tests.imap.dovecot import Dovecot
from tests.providers.clouds import google, microsoft
from tests.providers.radicale import Radicale
from tests.tenants.fixtures import Cast, Make

PROVIDERS: Final = ("imap", "google", "microsoft")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Which scenario held at which provider, as a table."""
    held: dict[str, dict[str, str]] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            found = re.fullmatch(r".*test_scenarios\.py::test_(\w+)\[(\w+)\]", report.nodeid)
            if found and (report.when == "call" or outcome != "passed"):
                held.setdefault(found[1].replace("_", " "), {})[found[2]] = outcome
    if not held:
        return
    terminalreporter.write_sep("-", "scenario by provider")
    for name, by in sorted(held.items()):
        terminalreporter.write_line("".join(f"{by.get(one, '-'):<11}" for one in PROVIDERS) + name)
    terminalreporter.write_line("".join(f"{one:<11}" for one in PROVIDERS))


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server."""
    with tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as folder:
        with Dovecot.start(Path(folder)) as server:
            yield server


@pytest.fixture(scope="session")
def radicale_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A real server of calendars and address books that takes the users of the mail server."""
    with Radicale(tmp_path_factory.mktemp("radicale"), anybody=True) as server:
        yield server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the simulated Microsoft's certificate comes from."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def fresh_limits(settings: Any) -> None:
    """Tests share a Redis, and each may try as often as a person who has just come."""
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = True
    store: Any = redis_client()
    for key in store.scan_iter("pmsync:limit:accounts.*"):
        store.delete(key)


@pytest.fixture(params=[pytest.param(PROVIDERS[0], marks=pytest.mark.dovecot), *PROVIDERS[1:]])
def stage(request: pytest.FixtureRequest, make: Make, cast: Cast, settings: Any) -> Iterator[Stage]:
    """An account at one provider after the other, mirrored."""
    where = request.getfixturevalue
    if request.param == "imap":
        with Sink() as sink, open_stage(make, cast, where("dovecot"), sink, where("radicale_of_all")) as made:
            yield made
    elif request.param == "google":
        with google(settings) as at_google, cloud_stage(make, cast, at_google) as made:
            yield made
    else:
        with microsoft(settings, where("authority")) as at_microsoft, cloud_stage(make, cast, at_microsoft) as made:
            yield made
