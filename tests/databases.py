"""Test databases in a second: the first is made by `migrate` and kept as a template, the others are copied from it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

ROOT: Final = Path(__file__).resolve().parents[1]
PREFIX: Final = "pmsync_template_"
LOCK: Final = 5_171_833
"""Advisory lock of who makes or copies the template: several test processes begin at once."""


def template_name() -> str:
    """Named after what decides how a migrated database looks, so that an outdated one is never copied."""
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("apps/*/migrations/*.py"), *ROOT.glob("apps/tenants/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return PREFIX + digest.hexdigest()[:16]


@contextmanager
def copied(name: str) -> Iterator[None]:
    """Have a database of this name copied from the template before the block, when there is one.

    Otherwise the block makes the database, and the template is copied from it afterwards; no
    connection to it may be open then.
    """
    template = template_name()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = {row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()}
        if template in found:
            _copy(server, template, name)
            server.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            yield
            return
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        yield
        for outdated in (old for old in found if old.startswith(PREFIX)):
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(outdated)))
        _copy(server, name, template)


def make(name: str) -> None:
    """A database of this name, as `migrate` left the test database."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _copy(server, template_name(), name)


def drop(name: str) -> None:
    """Remove a database, whoever is connected to it still: a thread of a test may have kept its connection."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _copy(server: "psycopg.Connection[tuple[object, ...]]", source: str, target: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target)))
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source)))
