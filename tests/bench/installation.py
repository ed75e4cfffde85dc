"""An installation of a benchmark's own: durable private servers, a fresh database, gone afterwards.

The shared private servers trade safety for speed; a figure that is compared with mbsync's, which
flushes what it writes to disk, must not.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pmsync.private import servers
from pmsync.private.home import Home


@contextmanager
def durable() -> Iterator[Path]:
    """PostgreSQL that flushes every commit, Valkey, storage, all in a folder that goes with the block.

    Django is set up when the block begins. Yields the folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="pmsync-bench-", dir=os.environ.get("PMSYNC_TEST_BENCH_DIR")))
    folder.chmod(0o755)
    home = Home(folder / "home")
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    try:
        os.environ |= servers.up(home, durable=True) | {
            "PMSYNC_HOME": str(home.path),
            "PMSYNC_STORAGE": str(folder / "files"),
            "PMSYNC_ALLOW_PRIVATE_HOSTS": "true",
            "PMSYNC_LOG": "json",
            "DJANGO_SETTINGS_MODULE": "pmsync.settings",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
        import django
        from django.db import connection

        import pmsync.celery  # noqa: F401  what is called here may enqueue

        django.setup()
        yield folder
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # psycopg's backend has it
    finally:
        servers.down(home)
        shutil.rmtree(folder, ignore_errors=True)
