"""Runs several programs as one: their lines in one terminal, their end together.

Each service is a process group of its own, so that Ctrl-C reaches the supervisor only and the
services end in order, their children with them. One that dies is started again after 1, 2 and 4
seconds; when it dies a fourth time everything stops, with its last lines shown. Knows nothing of
PMSync.
"""

import contextlib
import ctypes
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import psutil

GRACE: Final = 10.0
BACK_OFF: Final = (1.0, 2.0, 4.0)
# A service that ran this long had started well: its next death is counted from one again.
SETTLED: Final = 60.0
LAST_LINES: Final = 15
COLOURS: Final = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
PR_SET_PDEATHSIG: Final = 1


class Stopped(Exception):
    """Somebody asked for the end (Ctrl-C or SIGTERM)."""


class ServiceFailed(Exception):
    """A service could not be kept running; the message shows its last lines."""


@dataclass(frozen=True, slots=True)
class Service:
    """A program to keep running. `stage` orders the end: higher stages stop first."""

    name: str
    command: Sequence[str]
    stage: int = 1
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[str]
    started_at: float
    lines: deque[str]
    once: bool = False
    deaths: int = 0
    restart_at: float | None = None

    def said(self, text: str) -> bool:
        """True when a line of late holds this text."""
        return any(text in line for line in list(self.lines))


class Output:
    """Writes lines with the name of who said them, one at a time."""

    def __init__(self, stream: IO[str] | None = None, width: int = 9) -> None:
        self.stream = stream or sys.stdout
        self.width = width
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}
        self._next = itertools.cycle(COLOURS)
        self._plain = not self.stream.isatty() or bool(os.environ.get("NO_COLOR"))

    def line(self, name: str, text: str) -> None:
        """One line of a service."""
        with self._lock:
            if name not in self._colours:
                self._colours[name] = next(self._next)
            label = name.ljust(self.width)
            if not self._plain:
                label = f"\x1b[{self._colours[name]}m{label}\x1b[0m"
            # A terminal that went away must not end the services' shutdown.
            with contextlib.suppress(OSError, ValueError):
                self.stream.write(f"{label} | {text}\n")
                self.stream.flush()

    def say(self, text: str) -> None:
        """Something of the supervisor's own."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.stream.write(f"{text}\n")
            self.stream.flush()


class Supervisor:
    """Keeps services running from `start` to `stop`. Use it from the main thread only."""

    def __init__(self, folder: Path, env: Mapping[str, str], output: Output | None = None) -> None:
        self.folder = folder
        self.env = dict(env)
        self.output = output or Output()
        self.services: list[_Running] = []
        self._asked = threading.Event()
        self._in_a_hurry = False

    @contextlib.contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Turn Ctrl-C, SIGTERM and SIGHUP into an orderly end for the length of the block."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(number, self._on_signal) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self._in_a_hurry = self._asked.is_set()
        self._asked.set()

    def ask_to_stop(self) -> None:
        """As Ctrl-C, from another thread."""
        self._asked.set()

    def start(self, service: Service) -> None:
        """Start a service and keep it running."""
        self.services.append(self._spawn(service))

    def begin(self, service: Service) -> _Running:
        """Start a program that is meant to end; `finish` waits for that."""
        running = self._spawn(service)
        running.once = True
        self.services.append(running)
        return running

    def finish(self, running: _Running) -> None:
        """Wait for a begun program's end. Raises ServiceFailed when it fails, Stopped when the end is asked for."""
        try:
            while running.process.poll() is None:
                self.tend()
                self.pause(0.05)
        finally:
            self.services.remove(running)
            self._end([running])
        if running.process.returncode:
            raise ServiceFailed(_obituary(running))

    def run_once(self, service: Service) -> None:
        """Run a program to its end. Raises as `finish`."""
        self.finish(self.begin(service))

    def pause(self, seconds: float) -> None:
        """Wait. Raises Stopped as soon as the end is asked for."""
        if self._asked.wait(seconds):
            raise Stopped

    def wait_for(self, ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until `ready` says so, tending the services. Raises ServiceFailed when it takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{what} did not come up within {seconds:.0f} seconds.")
            self.tend()
            self.pause(0.05)

    def run(self) -> None:
        """Tend the services until the end is asked for. Raises ServiceFailed when one cannot be kept."""
        with contextlib.suppress(Stopped):
            while True:
                self.tend()
                self.pause(0.2)

    def tend(self) -> None:
        """Notice who died and start it again when its pause is over. Raises ServiceFailed after the last try."""
        for position, running in enumerate(self.services):
            if running.restart_at is not None:
                if time.monotonic() >= running.restart_at:
                    fresh = self._spawn(running.service)
                    fresh.deaths = running.deaths
                    self.services[position] = fresh
                continue
            if running.process.poll() is not None and not running.once:
                self._mourn(running)

    def _mourn(self, running: _Running) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)  # children that outlived it
        if time.monotonic() - running.started_at > SETTLED:
            running.deaths = 0
        running.deaths += 1
        if running.deaths > len(BACK_OFF):
            raise ServiceFailed(_obituary(running) + f"\nIt was started {running.deaths} times; giving up.")
        delay = BACK_OFF[running.deaths - 1]
        running.restart_at = time.monotonic() + delay
        self.output.line(running.service.name, f"{_ending(running.process.returncode)}; again in {delay:.0f} s")

    def stop(self) -> bool:
        """End everything, stage by stage, the last ones first; True when all ended by themselves."""
        gently = True
        for stage in sorted({running.service.stage for running in self.services}, reverse=True):
            gently &= self._end([running for running in self.services if running.service.stage == stage])
        self.services.clear()
        return gently

    def _end(self, leaving: list[_Running]) -> bool:
        alive = [running for running in leaving if running.process.poll() is None]
        descendants = [child for running in alive for child in _descendants(running.process.pid)]
        for running in alive:
            running.process.terminate()
        deadline = time.monotonic() + GRACE
        while any(running.process.poll() is None for running in alive) and time.monotonic() < deadline:
            if self._in_a_hurry:
                break
            time.sleep(0.05)
        stubborn = [running for running in alive if running.process.poll() is None]
        for running in stubborn:
            self.output.line(running.service.name, f"did not end within {GRACE:.0f} s: killed")
        for running in leaving:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()
        for child in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()  # one that had left the group; psutil checks that it is still the same process
        return not stubborn

    def _spawn(self, service: Service) -> _Running:
        process = subprocess.Popen(
            service.command,
            cwd=self.folder,
            env=self.env | {"PYTHONUNBUFFERED": "1"} | dict(service.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # one system call, and we start from one thread
        )
        running = _Running(service, process, time.monotonic(), deque(maxlen=LAST_LINES))
        threading.Thread(target=self._relay, args=(running,), daemon=True).start()
        return running

    def _relay(self, running: _Running) -> None:
        stream = running.process.stdout
        if stream is None:
            return
        with stream, contextlib.suppress(ValueError):
            for line in stream:
                text = line.rstrip()
                if text:
                    running.lines.append(text)
                    self.output.line(running.service.name, text)


_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """Linux: a service is told to end when the supervisor was killed without a chance to say so."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _ending(code: int) -> str:
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return "ended although it should run" if code == 0 else f"died with exit code {code}"


def _obituary(running: _Running) -> str:
    time.sleep(0.1)  # its last lines are still on their way through the pipe
    lines = "\n".join(f"    {line}" for line in running.lines) or "    (it said nothing)"
    return f"{running.service.name} {_ending(running.process.returncode)}. Its last lines:\n{lines}"


def port_taken(port: int, host: str = "127.0.0.1") -> str | None:
    """Who listens on a port, in words, or None when it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return None
        except PermissionError:
            return "the system: only root may use ports below 1024"
        except OSError:
            pass
    for pid in sorted(_listeners(port)):
        with contextlib.suppress(psutil.Error):
            return f"pid {pid} ({' '.join(psutil.Process(pid).cmdline())[:120]})"
    return "another program (whose name this user may not see)"


def _listeners(port: int) -> set[int]:
    try:
        found = psutil.net_connections("inet")
    except psutil.Error:
        return set()
    return {
        entry.pid
        for entry in found
        if entry.status == psutil.CONN_LISTEN and entry.laddr and entry.laddr.port == port and entry.pid
    }
