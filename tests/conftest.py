"""What every test has: the shared cast, the guard against network calls in transactions, and what may be missing."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests import databases
from tests.guard import no_network_in_a_transaction
from tests.providers.radicale import Radicale

pytest_plugins = ["tests.tenants.fixtures"]


# What a machine may lack


@dataclass(frozen=True, slots=True)
class Needed:
    """Something that comes from the system, not from wheels."""

    what: str
    there: Callable[[], object]
    remedy: str


CHROMIUM: Final = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
NEEDED: Final = {
    "dovecot": Needed(
        "Dovecot",
        lambda: shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin"),
        "apt-get install dovecot-imapd dovecot-lmtpd",
    ),
    "chromium": Needed("Chromium", lambda: any(Path(path).exists() for path in CHROMIUM), "apt-get install chromium"),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the machine cannot run and say so; with PMSYNC_TEST_EVERYTHING that is an error."""
    missing = {marker: needed for marker, needed in NEEDED.items() if not needed.there()}
    for marker, needed in missing.items():
        without = [item for item in items if item.get_closest_marker(marker)]
        if without and os.environ.get("PMSYNC_TEST_EVERYTHING"):
            raise pytest.UsageError(f"{needed.what} is missing, and {len(without)} tests need it: {needed.remedy}")
        for item in without:
            item.add_marker(pytest.mark.skip(reason=f"{needed.what} is not installed ({needed.remedy})"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell `tests.suite` what was left out and why."""
    told = os.environ.get("PMSYNC_TEST_NOT_RUN")
    if not told:
        return
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        where = report.longrepr
        reasons[str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")] += 1
    with Path(told).open("a") as file:
        file.writelines(f"{count} tests: {reason}\n" for reason, count in sorted(reasons.items()))


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """One test database for each process, made by our own `migrate` or copied from one that was.

    pytest-django's own fixture makes it only when a test carries the `django_db` mark; ours commit
    for real and carry none (`tests.tenants.fixtures`).
    """
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    name = str(connection.settings_dict["TEST"]["NAME"])
    with django_db_blocker.unblock(), databases.copied(name):
        # The stubs want a mapping; Django takes any collection of aliases. What was copied is kept.
        made = setup_databases(0, interactive=False, aliases={"default": None}, keepdb=True)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # psycopg's backend has it
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0, keepdb=True)
        connection.close_pool()  # type: ignore[attr-defined]  # psycopg's backend has it
    databases.drop(name)


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A real server of calendars and address books."""
    with Radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash the passwords of the casts with little memory: at full cost they were a third of the tests' time."""
    from apps.users import passwords

    passwords.Argon2Hasher.memory_cost = 64
    yield
    passwords.Argon2Hasher.memory_cost = passwords.MEMORY_KIB


@pytest.fixture(scope="session", autouse=True)
def _static_files_on_demand() -> Iterator[None]:
    """Look for a static file when it is asked for: every test client listed them all anew, a tenth of a second each."""
    from django.conf import settings

    before, settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_AUTOREFRESH, True
    yield
    settings.WHITENOISE_AUTOREFRESH = before


@pytest.fixture(autouse=True)
def _no_network_in_a_transaction() -> Iterator[None]:
    """Fail a test whose code connects or sends while inside `atomic`, even where the error was swallowed."""
    with no_network_in_a_transaction() as caught:
        yield
    if caught:
        pytest.fail(f"network calls inside a database transaction: {', '.join(caught)}", pytrace=False)
