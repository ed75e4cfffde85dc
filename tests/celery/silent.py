"""A Celery app for the tests of `pmsync.celery_health`: ours, on a Redis of the test's own, with a fast heart.

celery -A tests.celery.silent worker ...
"""

import os
import threading
import time

from pmsync import celery_health
from pmsync.celery import app
from pmsync.celery_health import Rhythm

celery_health.install(
    app, Rhythm(every=float(os.environ["PMSYNC_TEST_BEAT"]), silence=float(os.environ["PMSYNC_TEST_SILENCE"]))
)


@app.task(name="test.deafen")
def deafen() -> None:
    """Stop the worker's consumer from reading its queues: connected, alive, silent."""

    def soon() -> None:
        time.sleep(0.2)
        for queue in list(app.amqp.queues.consume_from):
            app.control.cancel_consumer(queue)

    threading.Thread(target=soon).start()


@app.task(name="test.rest")
def rest(seconds: float) -> None:
    """Keep a slot busy."""
    time.sleep(seconds)
