"""`make demo` as a whole: says what is in the way, mends what dies, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import httpx
import psutil
import pytest

from pmsync.demo import cast
from pmsync.demo.delivery import CloudVisitor
from pmsync.demo.servers import ports_of
from pmsync.private.home import REPOSITORY, Home
from tests.e2e.demo import OTHERS, Demo

MARCO = cast.TENANTS[0].people[1]
CONNECTED = {one.address for one in cast.CLOUDS if one.connected}
pytestmark = [pytest.mark.slow, pytest.mark.serial]


def until(true: Callable[[], bool], demo: Demo, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "\n".join(demo.lines[-20:])
        time.sleep(0.1)


@pytest.fixture(scope="module")
def home() -> Path:
    return Path(os.environ["PMSYNC_HOME"]).parent / "e2e"


@pytest.fixture(scope="module")
def demo(home: Path) -> Iterator[Demo]:
    running = Demo.start(home, "--scale", "0.1", "--still")
    yield running
    running.end()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it ended since it was listed, or is ending: a zombie has no command line
        return ""


def called(demo: Demo, word: str) -> psutil.Process | None:
    """The demo's process whose command line holds this word, the topmost one; None while there is none."""
    return next((process for process in demo.family()[1:] if word in _command(process)), None)


def test_a_taken_port_is_told_with_its_holder_and_nothing_starts(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        env = {name: value for name, value in os.environ.items() if not OTHERS.match(name)}
        done = subprocess.run(
            [sys.executable, "-m", "pmsync.demo", "--port", str(port)],
            cwd=REPOSITORY, env=env | {"PMSYNC_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is taken by pid {os.getpid()}" in done.stdout
    assert f"make demo PORT={port + 1}" in done.stdout
    assert not (tmp_path / "postgres").exists()


def clouds(demo: Demo) -> dict[str, tuple[str, bool]]:
    """The accounts of the one person who has simulated ones: address to status and mark."""
    body = {"email": MARCO.email, "password": MARCO.password, "cookie": False}
    with httpx.Client(base_url=f"{demo.url}/api/v1/", timeout=30) as client:
        token = client.post("auth/login", json=body).json()["access"]
        items = client.get("accounts", headers={"Authorization": f"Bearer {token}"}).json()["items"]
    return {one["address"]: (one["status"], one["simulated"]) for one in items}


def test_simulated_accounts_are_connected_and_done_twice_they_are_done(demo: Demo) -> None:
    env = {name: value for name, value in os.environ.items() if not OTHERS.match(name)}
    seed = [sys.executable, "-m", "pmsync.demo.seed", str(demo.home / "demo")]
    before = clouds(demo)
    assert {address for address, (_, simulated) in before.items() if simulated} == CONNECTED
    subprocess.run(seed, cwd=REPOSITORY, env=env | {"PMSYNC_HOME": str(demo.home)}, check=True, timeout=120)
    assert clouds(demo) == before
    assert {status for status, _ in before.values()} == {"active"}


def test_mail_arrives_at_simulated_accounts(demo: Demo) -> None:
    simulations = ports_of(demo.home / "demo").simulations(demo.home / "demo")
    for account in (one for one in cast.CLOUDS if one.connected):
        said = CloudVisitor(account, simulations, Random(7)).step()
        assert said.endswith(f"at the simulated {account.provider.title()}")


def test_a_second_demo_of_the_same_home_is_refused(demo: Demo) -> None:
    with pytest.raises(AssertionError, match=rf"A demo runs here already \(pid {demo.process.pid}\)"):
        Demo.start(demo.home, "--still")


@pytest.mark.parametrize("word", ["watcher", "beat", "waiting@", "pmsync.web", "fakes.microsoft"])
def test_what_is_killed_is_started_again(demo: Demo, word: str) -> None:
    victim = called(demo, word)
    assert victim is not None
    victim.kill()
    victim.wait(10)
    until(lambda: any("died of SIGKILL; again in" in line for line in demo.lines), demo)
    until(lambda: called(demo, word) not in (None, victim), demo)


def test_after_ctrl_c_nothing_is_left(demo: Demo) -> None:
    family, home = demo.family(), Home(demo.home)
    ports = [demo.port, demo.imap_port]
    for file in ("postgres/postmaster.pid", "valkey/valkey.pid"):
        name, _, rest = file.partition("/")
        family.append(psutil.Process(int((home.server_folder(name) / rest).read_text().split()[0])))
    assert len(family) > 10
    demo.end(signal.SIGINT)
    assert "Everything has ended." in demo.lines
    assert [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
