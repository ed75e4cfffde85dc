"""Several web processes behind one port: all answer, all end together, and the end of one ends all."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

from pmsync.private.home import REPOSITORY, free_port
from tests.realtime.server import answers

pytestmark = pytest.mark.slow
Served = tuple["subprocess.Popen[bytes]", list[psutil.Process], int]


@pytest.fixture
def served(cast: object) -> Iterator[Served]:
    """The parent of two web processes, those, and their port."""
    port = free_port()
    command = [sys.executable, "-m", "pmsync.web", "-b", "127.0.0.1", "-p", str(port), "--processes", "2"]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as parent:
        until = time.monotonic() + 60
        # The parent listens before it starts them.
        while not answers(port) or len(children := psutil.Process(parent.pid).children()) < 2:
            assert parent.poll() is None and time.monotonic() < until
            time.sleep(0.1)
        try:
            yield parent, children, port
        finally:
            parent.kill()
            for one in children:
                if one.is_running():
                    one.kill()


def ask(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=60) as answer:
        return int(answer.status)


def test_a_signal_ends_all(served: Served) -> None:
    parent, children, port = served
    assert len(children) == 2
    assert [ask(port) for _ in range(20)] == [200] * 20
    parent.terminate()
    parent.wait(20)
    assert not any(one.is_running() for one in children)
    assert not answers(port)


def test_the_end_of_one_ends_all(served: Served) -> None:
    parent, children, port = served
    assert ask(port) == 200
    children[0].kill()
    assert parent.wait(20) != 0
    assert not any(one.is_running() for one in children)
    assert not answers(port)
