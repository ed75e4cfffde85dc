"""PMSync's processes for tests that kill them: as the demo runs them, on the tests' own database."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pmsync.demo import stack
from pmsync.demo.supervisor import Service
from tests.watcher.processes import ROOT, variables

START_SECONDS: Final = 60.0


@dataclass
class Process:
    """One of them, with its children in a process group of its own, and its log in a file."""

    service: Service
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, without waiting."""
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                self.service.command, cwd=ROOT, env=self.environment | dict(self.service.env), stdout=file,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL to it and its children: no goodbye to anybody."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the group is its own: `start_new_session`
            self.process.wait()

    def restart(self) -> None:
        """Kill it and start it again, as a supervisor does."""
        self.kill()
        self.start()

    def ended(self) -> bool:
        """True when it is not running."""
        return self.process is None or self.process.poll() is not None


@dataclass
class Stack:
    """All of them by name."""

    port: int
    processes: dict[str, Process]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, redis_url: str, port: int) -> Iterator["Stack"]:
        """Run for the length of the block, on this Redis; ready when the web process answers."""
        environment = variables() | {"REDIS_URL": redis_url}
        processes = {
            service.name: Process(service, environment, folder / f"{service.name}.log")
            for service in stack.services(port)
        }
        try:
            for process in processes.values():
                process.start()
            until = time.monotonic() + START_SECONDS
            while not stack.answers(port):
                if time.monotonic() > until:
                    raise AssertionError(f"the web process did not answer: {(folder / 'web.log').read_text()[-2000:]}")
                time.sleep(0.1)
            yield cls(port, processes)
        finally:
            for process in processes.values():
                if not process.ended():
                    process.kill()

    def tend(self) -> None:
        """Start again whatever ended by itself, as a supervisor does."""
        for process in self.processes.values():
            if process.ended():
                process.start()
