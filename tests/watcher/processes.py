"""The watcher as a process of its own, and the scripted server as another."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from apps.providers.adapters.base import Endpoint

ROOT: Final = Path(__file__).resolve().parents[2]
# Celery's messages of these watchers go to a Redis database that no worker reads.
REDIS_NUMBER: Final = 14


@dataclass(slots=True)
class Stub:
    """`tests.fakes.idle_server` in its process."""

    process: "subprocess.Popen[str]"
    port: int
    security: str

    @classmethod
    @contextmanager
    def running(cls, certificate: Path | None = None) -> Iterator[Self]:
        """Run for the length of the block; with a certificate it speaks TLS."""
        command = [sys.executable, "-m", "tests.fakes.idle_server"]
        if certificate is not None:
            command += ["--certificate", str(certificate)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield cls(process, json.loads(process.stdout.readline())["port"], "tls" if certificate else "none")
        finally:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, self.security, ("127.0.0.1",))

    def ask(self, *words: str) -> dict[str, Any]:
        """Give an order, read the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    @property
    def users(self) -> list[str]:
        """Who is listened for, once for each connection."""
        users: list[str] = self.ask("count")["users"]
        return users


@dataclass(slots=True)
class WatcherProcess:
    """`manage.py watcher` in its process, its log in a file."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    @contextmanager
    def running(cls, log: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Self]:
        """Run for the length of the block, on the tests' own database."""
        command = [sys.executable, "manage.py", "watcher", *options]
        with log.open("ab") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env=variables() | (environment or {}), stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield cls(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process."""
        self.process.send_signal(number)

    def said(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    @property
    def owner(self) -> str:
        """The name under which it holds its accounts."""
        return next((str(line["owner"]) for line in self.said() if line["event"] == "watcher started"), "")


def variables() -> dict[str, str]:
    """The environment of a process that works on the same database as the tests."""
    database = connection.settings_dict
    host, port, user = database["HOST"], database["PORT"], quote(database["USER"])
    password = f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else ""
    return os.environ | {
        "DATABASE_URL": f"postgresql://{user}{password}@{host}:{port}/{database['NAME']}",
        "REDIS_URL": f"{settings.REDIS_URL.rpartition('/')[0]}/{REDIS_NUMBER}",
        "PMSYNC_ALLOW_PRIVATE_HOSTS": "true",
        "PMSYNC_LOG": "json",
    }


def until(condition: Callable[[], Any], within: float) -> float:
    """Wait until the condition holds; answer the seconds it took. Raises AssertionError when it does not."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > within:
            raise AssertionError(f"not within {within:g} seconds")
        time.sleep(0.02)
    return time.monotonic() - begun
