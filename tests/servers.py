"""Pytest plugin: real PostgreSQL and Valkey for the run, up before Django's settings are read.

Loaded by `-p tests.servers` (pyproject.toml). The private servers live in `PMSYNC_HOME`, by default
`.pmsync/test`, are started when they are down and stopped again by whoever started them.
`DATABASE_URL` and `REDIS_URL` replace them. Each xdist worker has a database and a Redis number of
its own.
"""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from pmsync.private import postgres, servers
from pmsync.private.home import REPOSITORY, Home

VARIABLES: Final = {"PMSYNC_ALLOW_PRIVATE_HOSTS": "true", "PMSYNC_LOG": "console"}


def _worker_number() -> int:
    """0 without xdist and in its controller, else 1 and up."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Start the servers first: pytest-django reads the settings in the same hook, not in a wrapper of it."""
    home = Home(Path(os.environ.get("PMSYNC_HOME") or REPOSITORY / ".pmsync/test").resolve())
    os.environ["PMSYNC_HOME"] = str(home.path)
    # A worker inherits what its controller has set, so the private server's own address is ours as well.
    ours = os.environ.get("REDIS_URL") in (None, home.read_env().get("REDIS_URL"))
    already = postgres.running(home.server_folder("postgres")) is not None
    values = VARIABLES | {"PMSYNC_STORAGE": str(home.path / "files")} | servers.up(home)
    for name, value in values.items():
        os.environ.setdefault(name, value)
    if (number := _worker_number()) and ours:
        os.environ["REDIS_URL"] = f"{values['REDIS_URL'].rpartition('/')[0]}/{number}"
    early_config.stash[STARTED] = home if not already and not number else None
    return (yield)


STARTED: Final = pytest.StashKey[Home | None]()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers this run started."""
    home = config.stash.get(STARTED, None)
    if home is not None:
        servers.down(home)
