"""The time, in one place."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, aware, in UTC. Leases use the database's own clock instead."""
    return datetime.now(UTC)
