"""PMSync's own processes, as `make demo` and the end-to-end tests run them.

Concurrency is a demo's; the production numbers stand in `docker/compose.yaml`.
"""

import sys
import urllib.error
import urllib.request
from typing import Final

from .supervisor import Service

WAITING_QUEUES: Final = "sync.high,sync.normal,sync.low,calendar,contacts,webhooks,outbound,ai"
# Everything in the demo may run as root; Celery would say at each start that it should not.
QUIET: Final = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
BURNING_QUEUES: Final = "backfill,embedding,housekeeping"
THREADS: Final = 8
PROCESSES: Final = 2


def celery(*arguments: str) -> list[str]:
    """A Celery command line of this project."""
    return [sys.executable, "-m", "celery", "-q", "-A", "pmsync", *arguments]


def worker(name: str, queues: str, pool: str, concurrency: int) -> list[str]:
    """A worker for some queues. Gossip and mingling only slow its start: nobody here asks its neighbours."""
    alone = ("--without-gossip", "--without-mingle")
    return celery("worker", "-n", f"{name}@%h", "-Q", queues, "-P", pool, "-c", str(concurrency), *alone)


def services(port: int, host: str = "127.0.0.1") -> list[Service]:
    """Web, workers, beat and watcher. Beat and watcher stop first, so that nothing new begins meanwhile."""
    return [
        Service("web", [sys.executable, "-m", "pmsync.web", "-b", host, "-p", str(port)], stage=1),
        Service("worker", worker("waiting", WAITING_QUEUES, "threads", THREADS), stage=2, env=QUIET),
        Service("worker2", worker("burning", BURNING_QUEUES, "prefork", PROCESSES), stage=2, env=QUIET),
        Service("watcher", [sys.executable, "manage.py", "watcher"], stage=3),
        Service("beat", celery("beat", "--pidfile="), stage=3),
    ]


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """True when the web process serves requests."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as refused:
        return refused.code < 500
    except OSError:
        return False
