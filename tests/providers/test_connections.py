"""Connections kept warm: who gets one again, and when one is ended."""

from types import SimpleNamespace
from typing import Any

import pytest

from apps.providers import connections
from apps.providers.connections import KEEP_SECONDS, MOST_KEPT, OLDEST_SECONDS, TRUST_SECONDS
from apps.providers.models import ProviderAccount


class Line:
    """A connection that remembers what happened to it."""

    def __init__(self) -> None:
        self.closed = False
        self.lives = True

    def alive(self) -> bool:
        return self.lives

    def close(self) -> None:
        self.closed = True


class Kind:
    """Opens a new line each time."""

    name = "mail"

    def open(self, account: ProviderAccount) -> Any:
        return Line()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time as the pool sees it, and an empty pool."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(connections, "_pool", {})
    return clock


def account() -> ProviderAccount:
    return ProviderAccount()


def use(of: ProviderAccount) -> Line:
    with connections.adapter(of, Kind()) as line:
        kept: Line = line
        assert not kept.closed
    return kept


def test_a_connection_is_used_again_while_the_log_in_is_the_same(clock: SimpleNamespace) -> None:
    mine = account()
    line = use(mine)
    assert use(mine) is line
    mine.logins += 1
    assert use(mine) is not line
    assert line.closed


def test_a_connection_that_is_used_all_the_time_is_made_anew_when_it_is_old(clock: SimpleNamespace) -> None:
    mine = account()
    line = use(mine)
    for _ in range(int(OLDEST_SECONDS // 10)):
        clock.now += 10
        assert use(mine) is line
    clock.now += 10
    assert use(mine) is not line
    assert line.closed


def test_a_quiet_connection_is_asked_and_an_old_one_is_not_trusted(clock: SimpleNamespace) -> None:
    mine = account()
    line = use(mine)
    clock.now += TRUST_SECONDS + 1
    assert use(mine) is line
    line.lives = False
    assert use(mine) is line
    clock.now += TRUST_SECONDS + 1
    assert (again := use(mine)) is not line
    clock.now += KEEP_SECONDS + 1
    assert use(mine) is not again
    assert line.closed
    assert again.closed


def test_a_connection_that_nobody_asks_for_again_is_ended(clock: SimpleNamespace) -> None:
    ended = use(account())
    clock.now += KEEP_SECONDS + 1
    use(account())
    assert ended.closed


def test_of_too_many_the_one_unused_longest_is_ended(clock: SimpleNamespace) -> None:
    lines = []
    for _ in range(MOST_KEPT + 1):
        lines.append(use(account()))
        clock.now += 1
    assert [line.closed for line in lines] == [True] + [False] * MOST_KEPT


def test_a_connection_on_which_something_failed_is_not_kept(clock: SimpleNamespace) -> None:
    mine = account()
    with pytest.raises(ZeroDivisionError), connections.adapter(mine, Kind()) as line:
        raise ZeroDivisionError
    assert line.closed
    assert use(mine) is not line
