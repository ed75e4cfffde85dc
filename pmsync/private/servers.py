"""Brings the private servers up and down and says where they are."""

import os

from . import postgres, valkey
from .home import Home, new_secrets


def up(home: Home, *, durable: bool = False) -> dict[str, str]:
    """Start what the environment does not name itself; return the installation's variables.

    `DATABASE_URL` and `REDIS_URL` in the environment replace the private servers. Secrets are made
    once and kept, so that what was sealed yesterday opens today.
    """
    with home.locked():
        values = new_secrets() | home.read_env()
        if "DATABASE_URL" not in os.environ:
            port = postgres.start(home.server_folder("postgres"), durable=durable)
            values["DATABASE_URL"] = f"postgresql://pmsync@127.0.0.1:{port}/postgres"
            values["PMSYNC_PG_DUMP"] = str(postgres.binaries(home.server_folder("postgres")) / "pg_dump")
        if "REDIS_URL" not in os.environ:
            values["REDIS_URL"] = f"redis://127.0.0.1:{valkey.start(home.server_folder('valkey'))}/0"
        home.write_env(values)
        return values


def down(home: Home) -> None:
    """Stop the private servers of this home; their data stays."""
    with home.locked():
        postgres.stop(home.server_folder("postgres"))
        valkey.stop(home.server_folder("valkey"))
