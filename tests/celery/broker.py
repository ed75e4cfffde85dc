"""A broker whose connection was lost, as kombu leaves it behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from pmsync.celery import app


@contextmanager
def lost() -> Iterator[None]:
    """For the length of the block the producer that is sent with next has a channel without a connection."""
    with app.producer_pool.acquire(block=True) as producer:
        channel = producer.channel
        channel._disconnect_pools()
        held, channel.connection = channel.connection, None
    try:
        yield
    finally:
        channel.connection = held
