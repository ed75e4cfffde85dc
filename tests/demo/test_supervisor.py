"""The supervisor: keeps services running, says what happened, and leaves nothing behind."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from pmsync.demo import supervisor as supervision
from pmsync.demo.supervisor import Output, Service, ServiceFailed, Supervisor, port_taken

SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('awake', flush=True); time.sleep(600)"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(600)"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


OTHERS: Final[set[psutil.Process]] = set()


@pytest.fixture
def supervisor(screen: io.StringIO, tmp_path: Path) -> Iterator[Supervisor]:
    OTHERS.clear()
    OTHERS.update(psutil.Process().children())  # servers that other tests keep for the session
    running = Supervisor(tmp_path, os.environ, Output(screen))
    yield running
    running.stop()


def until(said: io.StringIO, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + 20
    while said.getvalue().count(text) < times:
        assert time.monotonic() < deadline, said.getvalue()
        time.sleep(0.02)


def children() -> list[psutil.Process]:
    ours = [child for child in psutil.Process().children() if child not in OTHERS]
    return ours + [below for child in ours for below in child.children(recursive=True)]


def test_each_line_carries_its_service(supervisor: Supervisor, screen: io.StringIO) -> None:
    supervisor.start(Service("first", program("print('one')\nimport time; time.sleep(60)")))
    supervisor.start(Service("second", program("import sys, time\nprint('two', file=sys.stderr)\ntime.sleep(60)")))
    until(screen, "one")
    until(screen, "two")
    lines = [line.split(" | ") for line in screen.getvalue().splitlines()]
    assert sorted((name.strip(), text) for name, text in lines) == [("first", "one"), ("second", "two")]


def test_grandchildren_end_with_their_service(supervisor: Supervisor, screen: io.StringIO) -> None:
    supervisor.start(Service("family", program(PARENT.format(child=SLEEPER))))
    until(screen, "awake")
    assert len(children()) == 2
    supervisor.stop()
    assert children() == []


def test_a_grandchild_that_left_the_group_is_ended_too(supervisor: Supervisor, screen: io.StringIO) -> None:
    supervisor.start(
        Service("family", program("import os\n" + PARENT.format(child="import os; os.setsid()\n" + SLEEPER)))
    )
    until(screen, "awake")
    supervisor.stop()
    assert children() == []


def test_one_that_does_not_listen_is_killed_after_the_grace(
    supervisor: Supervisor, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "GRACE", 0.5)
    supervisor.start(Service("deaf", program(DEAF)))
    until(screen, "awake")
    assert supervisor.stop() is False
    assert "did not end within" in screen.getvalue()
    assert children() == []


def test_stages_end_one_after_another(supervisor: Supervisor, screen: io.StringIO) -> None:
    code = "import signal, sys, time\ndef end(*_):\n    print('ends', flush=True); sys.exit()\n"
    code += "signal.signal(signal.SIGTERM, end)\nprint('awake', flush=True)\ntime.sleep(600)"
    for name, stage in (("servers", 0), ("web", 1), ("beat", 2)):
        supervisor.start(Service(name, program(code), stage=stage))
    until(screen, "awake", 3)
    assert supervisor.stop() is True
    time.sleep(0.2)
    ends = [line.split()[0] for line in screen.getvalue().splitlines() if "ends" in line]
    assert ends == ["beat", "web", "servers"]


def test_one_that_dies_is_started_again(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "BACK_OFF", (0.1, 0.1, 0.1))
    mark = tmp_path / "once"
    code = f"import pathlib, sys, time\nmark = pathlib.Path({str(mark)!r})\n"
    code += "if not mark.exists():\n    mark.touch(); sys.exit(3)\nprint('back', flush=True); time.sleep(600)"
    supervisor.start(Service("web", program(code)))
    supervisor.wait_for(lambda: "back" in screen.getvalue(), "web", 20)
    assert "died with exit code 3" in screen.getvalue()


def test_one_that_keeps_dying_stops_everything_with_its_last_lines(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "BACK_OFF", (0.05, 0.05, 0.05))
    supervisor.start(Service("watcher", program("import sys; print('no such table'); sys.exit(1)")))
    with pytest.raises(ServiceFailed, match=r"(?s)watcher died with exit code 1.*no such table.*started 4 times"):
        supervisor.run()


def test_a_program_run_once_that_fails_is_told_with_its_lines(supervisor: Supervisor) -> None:
    with pytest.raises(ServiceFailed, match=r"(?s)seed died with exit code 2.*half done"):
        supervisor.run_once(Service("seed", program("import sys; print('half done'); sys.exit(2)")))


def test_ctrl_c_ends_the_run(supervisor: Supervisor, screen: io.StringIO) -> None:
    with supervisor.catching_signals():
        supervisor.start(Service("web", program(SLEEPER)))
        until(screen, "awake")
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        supervisor.run()
    supervisor.stop()
    assert children() == []


def test_a_service_ends_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys, time\nfrom pmsync.demo.supervisor import Service, Supervisor\n"
        "running = Supervisor(pathlib.Path('.'), os.environ)\n"
        f"running.start(Service('web', [sys.executable, '-c', {SLEEPER!r}]))\n"
        "print('pid', running.services[0].process.pid, flush=True)\nrunning.run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        # What the service says is on the same screen, before or after.
        told = next(line for line in process.stdout if line.startswith("pid "))
        service = psutil.Process(int(told.split()[1]))
        process.kill()
        process.wait()
        service.wait(10)
    assert not service.is_running()


def test_a_taken_port_names_the_program_that_has_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        told = port_taken(port)
        assert told is not None
        assert f"pid {os.getpid()}" in told
        assert sys.executable in told or Path(sys.executable).name in told
    assert port_taken(port) is None
