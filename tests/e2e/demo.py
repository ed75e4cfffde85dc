"""A running demo for the browser tests: started as a person starts it, ended by Ctrl-C, and watched for remains.

A home and ports of its own, a tenth of the mail, and nothing that arrives by itself.
"""

import contextlib
import imaplib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import psutil

from pmsync.demo import cast
from pmsync.private.home import REPOSITORY, free_port

START_SECONDS: Final = 180
END_SECONDS: Final = 60
# What the surrounding test run set for itself must not reach the demo.
OTHERS: Final = re.compile(r"PMSYNC_|DATABASE_URL$|REDIS_URL$|DJANGO_SETTINGS_MODULE$")


@dataclass
class Demo:
    """One running demo."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @classmethod
    def start(
        cls, home: Path, *options: str, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> "Demo":
        """Start it, with settings of the test's own, and wait until it says that it is ready.

        Raises AssertionError with what it said instead.
        """
        port = port or free_port()
        env = {name: value for name, value in os.environ.items() if not OTHERS.match(name)} | {"PMSYNC_HOME": str(home)}
        env |= settings or {}
        command = [sys.executable, "-m", "pmsync.demo", "--port", str(port), *options]
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        demo = cls(home, port, process)
        demo.reader = threading.Thread(target=demo._read, daemon=True)
        demo.reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not any("PMSync is ready" in line for line in demo.lines):
            if process.poll() is not None or time.monotonic() > deadline:
                demo.end()
                raise AssertionError("the demo did not start:\n" + "\n".join(demo.lines[-40:]))
            time.sleep(0.1)
        return demo

    def _read(self) -> None:
        if self.process.stdout is not None:
            with self.process.stdout:
                self.lines.extend(line.rstrip() for line in self.process.stdout)

    @property
    def url(self) -> str:
        """Where the browser goes."""
        return f"http://localhost:{self.port}"

    @property
    def ports(self) -> dict[str, int]:
        """Where its providers listen, by name."""
        ports: dict[str, int] = json.loads((self.home / "demo/ports.json").read_text())
        return ports

    @property
    def imap_port(self) -> int:
        """Where its people's mail is."""
        return self.ports["imap"]

    @property
    def dav_url(self) -> str:
        """Where its people's calendars and address books are."""
        return f"http://127.0.0.1:{self.ports['dav']}/"

    def family(self) -> list[psutil.Process]:
        """The demo's process and all below it."""
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def end(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; return the exit code once everything has ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(END_SECONDS)
            if self.reader is not None:
                self.reader.join(5)
            return code
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the demo did not end:\n" + "\n".join(self.lines[-20:])) from None

    @contextlib.contextmanager
    def client(self, account: cast.DemoAccount) -> Iterator[imaplib.IMAP4]:
        """Another client of somebody's mailbox: plain imaplib."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=30) as client:
            # Without it each literal waits 40 ms for the acknowledgement of its announcement.
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(account.address, account.password)
            yield client


def append(client: imaplib.IMAP4, mailbox: str, raw: bytes, flags: str = "", at: datetime | None = None) -> int:
    """Append a message that came in now, or then; return its UID (RFC 4315) once the server has acknowledged it."""
    when = imaplib.Time2Internaldate(at) if at is not None else ""
    answer = client.append(f'"{mailbox}"', flags, when, raw)
    found = re.search(rb"APPENDUID \d+ (\d+)", answer[1][0])
    assert answer[0] == "OK" and found, answer
    return int(found.group(1))


def letter(
    subject: str, sender: str = "Helen Okafor <helen.okafor@okaforengineering.example>", body: str = ""
) -> bytes:
    """A short message of now."""
    return (
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n"
        f"From: {sender}\r\nTo: {cast.EMILY.address}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{time.time_ns()}@okaforengineering.example>\r\n\r\n{body or 'A few words.'}\r\n"
    ).encode()
