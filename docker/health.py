"""Answers a container's health check: exit 0 when its process shows signs of life, else 1 and why.

    python docker/health.py web | beat | watcher | worker NAME

Light enough to be asked every few seconds: it loads no Django.
"""

import http.client
import os
import socket
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import redis

# Three ticks of the scheduler: a beat that is late by more is not ticking.
BEAT_SECONDS = 60.0


def web() -> str:
    """ "" when the web process answers as its proxy would ask it."""
    public = urlsplit(os.environ.get("PMSYNC_PUBLIC_URL", "http://localhost:8000"))
    headers = {"Host": public.hostname or "localhost", "X-Forwarded-Proto": public.scheme}
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        connection.request("GET", "/health/live", headers=headers)
        status = connection.getresponse().status
    except OSError as error:
        return f"no answer: {error}"
    return "" if status == http.HTTPStatus.OK else f"answered {status}"


def beat() -> str:
    """ "" when beat has sent a tick lately."""
    seen: Any = _store().hget("pmsync:heartbeats", "beat")
    age = time.time() - float(seen or 0)
    return "" if age < BEAT_SECONDS else f"last tick {age:.0f} s ago"


def watcher() -> str:
    """ "" when a watcher has reported lately."""
    live: Any = _store().zcount("pmsync:watchers", time.time(), "+inf")
    return "" if live else "no watcher has reported in the last minute"


def worker(name: str) -> str:
    """ "" when this container's worker has heard its own heartbeats of late (`pmsync.celery_health`)."""
    alive: Any = _store().exists(f"pmsync:worker:{name}@{socket.gethostname()}")
    return "" if alive else "it has heard no heartbeat for two minutes"


def _store() -> "redis.Redis":
    return redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=3, decode_responses=True)


CHECKS = {"web": web, "beat": beat, "watcher": watcher, "worker": worker}


def main(arguments: list[str]) -> int:
    """Run one check."""
    name, *rest = arguments or [""]
    if name not in CHECKS or len(rest) != (name == "worker"):
        print("usage: health.py web | beat | watcher | worker NAME", file=sys.stderr)
        return 2
    try:
        problem = CHECKS[name](*rest)
    except redis.RedisError as error:
        problem = f"Redis: {error}"
    print(problem or "alive")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
