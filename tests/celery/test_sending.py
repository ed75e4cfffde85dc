"""Sending a task while the broker goes."""

import pytest
from kombu.exceptions import OperationalError

from pmsync.celery import app
from tests.celery import broker


def test_a_channel_that_lost_its_connection_is_a_broker_out_of_reach() -> None:
    with broker.lost(), pytest.raises(OperationalError, match="connection was lost"):
        app.send_task("sync.tick", queue="nobody", retry=False)
