"""Ends a worker that is connected, alive and silent, so that its supervisor starts a fresh one.

After Redis was restarted a Celery worker can stay connected and never receive again, whatever its
pool (celery issues 8030 and 10205). Nothing outside can tell such a worker from an idle one, so each
worker asks itself: every 20 seconds it sends a heartbeat task to a queue that only it reads, through
the same consumer as its other queues. When for 60 seconds none of them arrives although Redis takes
them and a slot is free, the process ends with exit code 70; leases and late acknowledgements make an
end at any moment harmless. `make demo`'s supervisor and the container engine both start it again.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import redis
import structlog
from celery import Celery, signals
from celery.worker import state
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

TASK: Final = "pmsync.heartbeat"
EXIT_CODE: Final = 70  # EX_SOFTWARE
# How long a silent worker may take to end in good order before it is cut off.
PATIENCE: Final = 10.0
# Read by `docker/health.py`: there while the worker has heard its heartbeats of late.
SIGN_OF_LIFE: Final = "pmsync:worker:"
SIGN_LASTS: Final = 120


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between heartbeats, and of silence after which the worker counts as lost."""

    every: float = 20.0
    silence: float = 60.0


@dataclass(slots=True)
class Pulse:
    """Decides from what was sent and received whether the worker still consumes. Pure."""

    rhythm: Rhythm
    clock: Callable[[], float] = time.monotonic
    waiting_since: float | None = None
    unanswered: int = 0
    failing_since: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def received(self) -> None:
        """A task arrived, whichever: the consumer consumes."""
        with self._lock:
            self.waiting_since, self.unanswered = None, 0

    def sent(self) -> None:
        """A heartbeat is in its queue."""
        with self._lock:
            self.failing_since = None
            self.unanswered += 1
            if self.waiting_since is None:
                self.waiting_since = self.clock()

    def send_failed(self, *, redis_answers: bool) -> None:
        """A heartbeat could not be sent. What was sent before may be lost with Redis: begin anew."""
        with self._lock:
            self.waiting_since, self.unanswered = None, 0
            if not redis_answers:
                self.failing_since = None
            elif self.failing_since is None:
                self.failing_since = self.clock()

    def excuse(self) -> None:
        """Every slot is busy: nothing can be received, and nothing is wrong."""
        self.received()

    def lost(self) -> str:
        """Why the worker counts as lost, or "" while it does not."""
        with self._lock:
            now = self.clock()
            # Three at least: a single one may have been emptied out of Redis together with everything else.
            if (
                self.waiting_since is not None
                and self.unanswered >= 3
                and now - self.waiting_since >= self.rhythm.silence
            ):
                return f"{self.unanswered} heartbeats in {now - self.waiting_since:.0f} s were not received"
            if self.failing_since is not None and now - self.failing_since >= self.rhythm.silence:
                return f"no heartbeat could be sent for {now - self.failing_since:.0f} s although Redis answers"
            return ""


class Heart:
    """Beats in a thread of the worker's main process."""

    def __init__(self, app: Celery, rhythm: Rhythm) -> None:
        self.app = app
        self.rhythm = rhythm
        self.pulse = Pulse(rhythm)
        self.node = ""
        self.queue = ""
        self.slots = 1
        self._stop = threading.Event()

    def prepare(self, sender: str, instance: Any, **_: Any) -> None:
        """Before the worker consumes: add the queue that only this process reads."""
        self.node = sender
        self.queue = f"heartbeat.{sender}.{os.getpid()}"
        exchange = Exchange("heartbeat", type="direct", durable=False)
        instance.app.amqp.queues.select_add(Queue(self.queue, exchange, routing_key=self.queue, durable=False))
        self.slots = int(instance.concurrency or 1)

    def begin(self, **_: Any) -> None:
        """The worker consumes: start beating."""
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def end(self, **_: Any) -> None:
        """The worker is shutting down by itself."""
        self._stop.set()

    def hear(self, **_: Any) -> None:
        """The consumer received a task."""
        self.pulse.received()

    def _run(self) -> None:
        while not self._stop.wait(self.rhythm.every):
            if len(state.active_requests) >= self.slots:
                self.pulse.excuse()
            self._beat()
            if why := self.pulse.lost():
                self._give_up(why)

    def _beat(self) -> None:
        from apps.core.redis import client

        heard = self.pulse.unanswered == 0
        try:
            self.app.send_task(TASK, queue=self.queue, expires=self.rhythm.silence, retry=False, ignore_result=True)
            client().expire(self.queue, 600)  # nobody reads it once this process is gone
            if heard:
                client().set(SIGN_OF_LIFE + self.node, int(time.time()), ex=SIGN_LASTS)
        except (OperationalError, redis.RedisError, OSError) as error:
            self.pulse.send_failed(redis_answers=_answers())
            log.warning("heartbeat not sent", reason=type(error).__name__)
        else:
            self.pulse.sent()

    def _give_up(self, why: str) -> None:
        log.critical("worker is silent: ending it", reason=why, exit_code=EXIT_CODE)
        os.kill(os.getpid(), signal.SIGTERM)  # lets running tasks end
        time.sleep(PATIENCE)
        # What is stuck does not shut down; children of a prefork pool end with their pipes.
        os._exit(EXIT_CODE)


def _answers() -> bool:
    from apps.core.redis import client

    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


_hearts: Final[dict[str, Heart]] = {}


def install(app: Celery, rhythm: Rhythm | None = None) -> None:
    """Give every worker of this app a heart. A second call changes its rhythm."""
    heart = Heart(app, rhythm or Rhythm())
    if previous := _hearts.get(app.main):
        signals.celeryd_after_setup.disconnect(previous.prepare)
        signals.worker_ready.disconnect(previous.begin)
        signals.worker_shutting_down.disconnect(previous.end)
        signals.task_received.disconnect(previous.hear)
    _hearts[app.main] = heart
    # Weak references would let the bound methods go.
    signals.celeryd_after_setup.connect(heart.prepare, weak=False)
    signals.worker_ready.connect(heart.begin, weak=False)
    signals.worker_shutting_down.connect(heart.end, weak=False)
    signals.task_received.connect(heart.hear, weak=False)
