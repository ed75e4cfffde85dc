"""A web process for the tests of this folder, and a Redis of their own for those that break it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as installed

from . import client
from .server import Valkey, Web


@pytest.fixture(autouse=True)
async def _sockets_are_closed() -> AsyncIterator[None]:
    """Leave no socket open, however the test ended."""
    yield
    for socket in list(client.opened):
        socket.abort()


@pytest.fixture(scope="session")
def web(django_db_setup: None) -> Iterator[Web]:
    """A web process on the run's database and Redis. Tests share it and leave it in order."""
    process = Web(installed.REDIS_URL).start()
    yield process
    process.stop()


@pytest.fixture
def valkey(tmp_path: Path, settings: Any) -> Iterator[Valkey]:
    """A Redis of this test's own, which its doorbells use too."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [server.url], "prefix": "pmsync:ws"},
        }
    }
    yield server
    server.kill()


@pytest.fixture
def own_web(committed: None, valkey: Valkey) -> Iterator[Web]:
    """A web process of this test's own, on its own Redis: to be killed, flooded and cut off."""
    process = Web(valkey.url).start()
    yield process
    process.stop()
