"""A worker that no longer receives ends itself; one that is only busy, idle or without Redis does not (F14, F16)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from celery import Celery

from pmsync.celery_health import EXIT_CODE, Pulse, Rhythm
from pmsync.private import valkey
from pmsync.private.home import REPOSITORY, free_port


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(Rhythm(every=20, silence=60), clock)


def beats(pulse: Pulse, clock: Clock, count: int) -> None:
    for _ in range(count):
        pulse.sent()
        clock.now += 20


def test_a_worker_that_hears_its_heartbeats_is_alive(pulse: Pulse, clock: Clock) -> None:
    for _ in range(100):
        beats(pulse, clock, 1)
        pulse.received()
        assert pulse.lost() == ""


def test_sixty_seconds_of_unheard_heartbeats_are_silence(pulse: Pulse, clock: Clock) -> None:
    beats(pulse, clock, 2)
    assert pulse.lost() == ""
    beats(pulse, clock, 1)
    assert "3 heartbeats in 60 s" in pulse.lost()


def test_any_received_task_counts_as_a_heartbeat(pulse: Pulse, clock: Clock) -> None:
    beats(pulse, clock, 3)
    pulse.received()
    assert pulse.lost() == ""


def test_one_heartbeat_emptied_out_of_redis_is_no_silence(pulse: Pulse, clock: Clock) -> None:
    pulse.sent()
    clock.now += 500
    assert pulse.lost() == ""


def test_time_without_redis_does_not_count(pulse: Pulse, clock: Clock) -> None:
    beats(pulse, clock, 2)
    for _ in range(30):
        pulse.send_failed(redis_answers=False)
        clock.now += 20
    assert pulse.lost() == ""
    beats(pulse, clock, 2)
    assert pulse.lost() == ""


def test_sending_that_fails_for_a_minute_on_a_redis_that_answers_is_a_fault_of_ours(pulse: Pulse, clock: Clock) -> None:
    for _ in range(4):
        pulse.send_failed(redis_answers=True)
        clock.now += 20
    assert "although Redis answers" in pulse.lost()


def test_a_busy_worker_is_excused(pulse: Pulse, clock: Clock) -> None:
    for _ in range(20):
        pulse.excuse()
        beats(pulse, clock, 1)
        assert pulse.lost() == ""


@dataclass
class Worker:
    """A real worker on a Valkey of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    app: Celery

    @property
    def store(self) -> "redis.Redis":
        return redis.Redis(port=self.port, socket_timeout=5, decode_responses=True)

    def log(self) -> str:
        return (self.folder.parent / "worker.log").read_text()

    def restart_redis(self) -> None:
        valkey.stop(self.folder)
        valkey.start(self.folder, port=self.port)

    def send(self, name: str, *args: object, queue: str = "sync.high") -> None:
        self.app.send_task(name, args=args, queue=queue, ignore_result=True)

    def ended(self, seconds: float) -> bool:
        """True when the process has ended in time; with which code is all one to what supervises it."""
        return _within(seconds, lambda: self.process.poll() is not None)

    def consumes(self, seconds: float, queue: str = "sync.high") -> bool:
        """True when a task sent now is taken out of its queue in time by a worker that lives."""
        self.send("pmsync.heartbeat", queue=queue)
        _within(seconds, lambda: self.store.llen(queue) == 0 or self.process.poll() is not None)
        return self.store.llen(queue) == 0


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def pool() -> str:
    """The pool of most tests; the two that matter most are run with both."""
    return "threads"


@pytest.fixture
def rhythm() -> tuple[float, float]:
    """Seconds between heartbeats and of silence. Where Redis restarts, silence is longer than a reconnect."""
    return 0.3, 2.0


BOTH_POOLS = pytest.mark.parametrize("pool", ["threads", "prefork"])
PATIENT = pytest.mark.parametrize("rhythm", [(1.0, 20.0)])


@pytest.fixture
def worker(tmp_path: Path, pool: str, rhythm: tuple[float, float]) -> Iterator[Worker]:
    every, silence = rhythm
    folder, port = tmp_path / "valkey", free_port()
    valkey.start(folder, port=port)
    url = f"redis://127.0.0.1:{port}/0"
    env = os.environ | {
        "REDIS_URL": url, "PMSYNC_TEST_BEAT": str(every), "PMSYNC_TEST_SILENCE": str(silence),
        "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "tests.celery.silent", "worker", "-Q", "sync.high,sync.normal"]
    command += ["-P", pool, "-c", "2", "-n", "test@%h", "--without-gossip", "--without-mingle"]
    log = (tmp_path / "worker.log").open("wb")
    process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=log, stderr=log, start_new_session=True)
    with Celery("sender", broker=url) as sender:
        started = Worker(folder, port, process, sender)
        try:
            assert started.consumes(60), started.log()
            yield started
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.close()
            valkey.stop(folder)


@pytest.mark.slow
@pytest.mark.serial
@BOTH_POOLS
def test_a_silent_worker_ends_itself(worker: Worker) -> None:
    worker.send("test.deafen")
    assert worker.process.wait(40) in (0, EXIT_CODE)


@pytest.mark.slow
@pytest.mark.serial
def test_an_idle_and_a_busy_worker_go_on(worker: Worker) -> None:
    time.sleep(4)
    assert list(worker.store.scan_iter("pmsync:worker:test@*"))
    for _ in range(4):
        worker.send("test.rest", 4)
    time.sleep(7)
    assert worker.process.poll() is None
    assert worker.consumes(20)


@pytest.mark.slow
@pytest.mark.serial
def test_a_frozen_redis_ends_no_worker(worker: Worker) -> None:
    pid = int((worker.folder / "valkey.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(pid, signal.SIGCONT)
    assert worker.process.poll() is None
    assert worker.consumes(60)


@pytest.mark.slow
@pytest.mark.serial
@BOTH_POOLS
@PATIENT
def test_after_twenty_restarts_of_redis_every_queue_is_consumed_or_the_worker_has_ended(worker: Worker) -> None:
    for _ in range(20):
        worker.restart_redis()
        time.sleep(0.7)
    alive = all(worker.consumes(60, queue) for queue in ("sync.high", "sync.normal"))
    assert alive or worker.ended(30), worker.log()


@pytest.mark.slow
@pytest.mark.serial
@BOTH_POOLS
@PATIENT
def test_a_worker_that_loses_redis_in_the_middle_of_a_task_goes_on(worker: Worker) -> None:
    for _ in range(3):
        worker.send("test.rest", 5)
        time.sleep(0.7)
        worker.restart_redis()
    assert worker.consumes(30), worker.log()
    assert worker.process.poll() is None
    assert "Unrecoverable" not in worker.log()


@pytest.mark.slow
@pytest.mark.serial
@PATIENT
def test_connections_reset_twice_in_three_seconds_leave_a_worker_that_consumes_or_has_ended(worker: Worker) -> None:
    for _ in range(2):
        worker.store.client_kill_filter(_type="normal", skipme=True)
        worker.store.client_kill_filter(_type="pubsub", skipme=True)
        time.sleep(1.5)
    assert worker.consumes(60) or worker.ended(30), worker.log()


@pytest.mark.slow
@pytest.mark.serial
def test_a_redis_emptied_again_and_again_ends_no_worker(worker: Worker) -> None:
    for _ in range(12):
        worker.store.flushall()
        time.sleep(0.5)
    assert worker.process.poll() is None
    assert worker.consumes(30)
