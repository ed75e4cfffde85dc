"""Sending a task while the broker goes."""

import pytest
from kombu.exceptions import OperationalError

from pmsync.celery import app


def test_a_channel_that_lost_its_connection_is_a_broker_out_of_reach() -> None:
    with app.producer_pool.acquire(block=True) as producer:
        channel = producer.channel
        channel._disconnect_pools()
        held, channel.connection = channel.connection, None
    try:
        with pytest.raises(OperationalError, match="connection was lost"):
            app.send_task("sync.tick", queue="nobody", retry=False)
    finally:
        channel.connection = held
    with app.producer_pool.acquire(block=True) as producer:
        producer.channel.client.delete("nobody")
