"""Celery's transport to Redis, whose loss a worker outlives.

kombu 5.7 reads the address of the server off the connection. Where another thread has just given that
connection up, or the worker closes it while a task is running, there is none, and out comes an
AttributeError: nobody takes that for a lost connection. A worker ends over it, after waiting for its
tasks, and sends and receives nothing meanwhile.
"""

from typing import Any

from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as ConnectionLost


class Channel(kombu_redis.Channel):
    """kombu's, which says of a connection that is no more that it was lost."""

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._connparams(*args, **kwargs)  # type: ignore[misc]  # the stubs leave it out
        except AttributeError as error:
            if self.connection is not None and self.connection.client is not None:
                raise
            raise ConnectionLost("the connection to Redis was closed meanwhile") from error


class Transport(kombu_redis.Transport):
    """kombu's, with these channels."""

    Channel = Channel
