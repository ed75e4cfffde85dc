"""What happens to a database connection before the pool hands it to anyone else."""

from typing import Any

import psycopg


def reset(connection: psycopg.Connection[Any]) -> None:
    """Forget the last user: a pooled connection keeps its search_path, its lock waits and its advisory locks."""
    # No parameters, so the three travel together.
    connection.execute("RESET search_path; RESET lock_timeout; SELECT pg_advisory_unlock_all()")
    connection.commit()
