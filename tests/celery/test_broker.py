"""The transport to Redis when the connection is no more."""

import pytest
from redis.exceptions import ConnectionError as ConnectionLost

from pmsync.broker import Channel
from pmsync.celery import app


def test_a_channel_of_a_connection_that_is_no_more_says_that_it_was_lost() -> None:
    connection = app.connection_for_write()
    channel = connection.channel()
    assert isinstance(channel, Channel)
    assert channel._connparams()["port"]
    connection.close()
    with pytest.raises(ConnectionLost, match="closed meanwhile"):
        channel._connparams()
