"""The folder that holds one installation's private servers, secrets and files."""

import base64
import contextlib
import fcntl
import hashlib
import os
import random
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Home:
    """One installation's folder. Two homes share nothing: not a port, not a secret."""

    path: Path

    @classmethod
    def of_environment(cls) -> "Home":
        """The folder named by PMSYNC_HOME, else `.pmsync` beside `manage.py`."""
        return cls(Path(os.environ.get("PMSYNC_HOME") or REPOSITORY / ".pmsync").resolve())

    @property
    def env_file(self) -> Path:
        """Where the addresses and secrets of the private installation are written."""
        return self.path / "private.env"

    def read_env(self) -> dict[str, str]:
        """The private installation's variables; empty when it was never started."""
        if not self.env_file.exists():
            return {}
        lines = self.env_file.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)  # type: ignore[misc]  # one cut makes pairs

    def write_env(self, values: dict[str, str]) -> None:
        """Replace the variables' file in one step, readable by its owner only."""
        self.path.mkdir(parents=True, exist_ok=True)
        fresh = self.env_file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text("".join(f"{name}={value}\n" for name, value in sorted(values.items())))
        fresh.replace(self.env_file)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one starter or stopper at a time."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def server_folder(self, name: str) -> Path:
        """A folder for a server's data that the server's own user can enter.

        PostgreSQL refuses to run as root, so under root it runs as a service user, and a clone
        below a private home (mode 0700) cannot be entered by it: then the data lives in /var/tmp.
        """
        if os.geteuid() != 0 or enterable(self.path):
            return self.path / name
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"pmsync-{digest}" / name  # noqa: S108  outlives a reboot, and anyone may enter it


def enterable(path: Path) -> bool:
    """True when every existing folder down to `path` lets other users pass."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents] if part.exists())


# Below those from which systems take the ports of outgoing connections (from 32768 on Linux, 49152 by RFC 6335).
PORTS: Final = range(15_000, 32_000)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on now, nor an outgoing connection takes meanwhile, nor
    this process has been given before."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


_given: Final[set[int]] = set()


def new_secrets() -> dict[str, str]:
    """The secrets of a fresh private installation."""
    master = base64.b64encode(secrets.token_bytes(32)).decode()
    return {"PMSYNC_SECRET_KEY": secrets.token_urlsafe(48), "PMSYNC_MASTER_KEYS": f"k1:{master}"}
