"""Fixtures of the engine's tests."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from apps.sync import queues, registry
from apps.sync.models import SyncTarget
from tests.sync import fixtures
from tests.tenants.fixtures import Cast


@pytest.fixture
def scripted() -> Iterator[fixtures.ScriptedKind]:
    """A kind of the test's own, known to the engine for its length."""
    kind = fixtures.ScriptedKind()
    registry.register(kind)
    yield kind
    registry._kinds.pop(kind.name)


@pytest.fixture
def wanted(cast: Cast, scripted: fixtures.ScriptedKind) -> SyncTarget:
    """A target of the scripted kind that nobody asked for yet."""
    with cast.inside():
        made = fixtures.account(cast.owner)
        return fixtures.target(cast.owner, made.pk, kind=scripted.name)


@pytest.fixture
def queued(settings: Any) -> Iterator[Callable[[], dict[str, int]]]:
    """Counts what waits in the real queues; empties them before and after."""
    with closing(redis.Redis.from_url(settings.REDIS_URL)) as client:

        def count() -> dict[str, int]:
            lengths = {name: int(client.llen(name)) for name in queues.ALL}  # type: ignore[arg-type]  # not awaitable
            return {name: length for name, length in lengths.items() if length}

        client.delete(*queues.ALL)
        yield count
        client.delete(*queues.ALL)
