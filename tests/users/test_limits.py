"""Limits: a burst, then one per period; a guesser slows down, an owner is not locked out (F15, F88)."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.core import problems
from apps.core import redis as core_redis
from apps.core.problems import Problem
from apps.users import limits, signin
from apps.users.limits import Bucket, Limit
from apps.users.sessions import Device
from pmsync.private import valkey
from tests.tenants.fixtures import PHRASE, Cast, Make


def fresh(make: Make, burst: int = 3, period: float = 100) -> Bucket:
    return Bucket(Limit("test", burst, period), make.address())


def test_a_burst_is_granted_and_then_it_says_how_long_to_wait(make: Make) -> None:
    bucket = fresh(make)
    assert [limits.wait_for([bucket]) for _ in range(3)] == [0, 0, 0]
    assert 95 < limits.wait_for([bucket]) <= 100


def test_a_refused_try_costs_nothing(make: Make) -> None:
    bucket = fresh(make)
    for _ in range(3):
        limits.wait_for([bucket])
    waits = [limits.wait_for([bucket]) for _ in range(20)]
    assert all(95 < wait <= 100 for wait in waits)


def test_it_leaks_one_try_per_period(make: Make) -> None:
    bucket = fresh(make, burst=2, period=0.2)
    assert limits.wait_for([bucket]) == limits.wait_for([bucket]) == 0
    wait = limits.wait_for([bucket])
    assert 0 < wait <= 0.2
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        pass
    assert limits.wait_for([bucket]) == 0


def test_of_several_buckets_all_are_taken_from_or_none(make: Make) -> None:
    wide, narrow = fresh(make, burst=5), fresh(make, burst=1)
    assert limits.wait_for([wide, narrow]) == 0
    for _ in range(10):
        assert limits.wait_for([wide, narrow]) > 0
    assert [limits.wait_for([wide]) for _ in range(4)] == [0, 0, 0, 0]
    assert limits.wait_for([wide]) > 0


@pytest.mark.parametrize(
    ("wait", "words", "seconds"),
    [(0.2, "1 second.", "1"), (2.4, "3 seconds.", "3"), (89, "89 seconds.", "89"), (121, "3 minutes.", "121")],
)
def test_whoever_waits_as_long_as_told_is_let_in(wait: float, words: str, seconds: str) -> None:
    answer = problems.handle(limits.too_many(wait), {})
    assert answer is not None
    assert answer.data["detail"].endswith(f"Try again in {words}")
    assert answer["Retry-After"] == seconds


def test_forgiving_empties_a_bucket(make: Make) -> None:
    bucket = fresh(make, burst=1)
    assert limits.wait_for([bucket]) == 0
    limits.forgive(bucket)
    assert limits.wait_for([bucket]) == 0


def test_redis_holds_no_address(make: Make) -> None:
    bucket = Bucket(Limit("test", 1, 100), "anna@example.test 10.0.0.1")
    limits.wait_for([bucket])
    assert "anna" not in bucket.key
    assert "10.0.0.1" not in bucket.key


def guess(make: Make, email: str, device: Device, password: str = "wrong") -> str:
    try:
        signin.by_password(email, password, device, None)
    except Problem as problem:
        return problem.code
    return "in"


def test_a_guesser_at_one_address_is_slowed_down(make: Make, cast: Cast) -> None:
    device = Device(make.address())
    answers = [guess(make, cast.owner.user.email, device) for _ in range(12)]
    assert answers == ["invalid_credentials"] * 8 + ["rate_limited"] * 4


def test_parallel_guesses_are_counted_before_they_are_tried(make: Make, cast: Cast) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    device, email = Device(make.address()), cast.owner.user.email

    def one(_: int) -> str:
        try:
            return guess(make, email, device)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(one, range(30)))
    assert answers.count("invalid_credentials") == 8


def test_a_guesser_elsewhere_does_not_slow_the_owner_down(make: Make, cast: Cast) -> None:
    stranger = Device(make.address())
    for _ in range(12):
        guess(make, cast.owner.user.email, stranger)
    assert guess(make, cast.owner.user.email, stranger, PHRASE) == "rate_limited"
    assert guess(make, cast.owner.user.email, Device(make.address()), PHRASE) == "in"


def test_a_hundred_guessers_cannot_lock_an_owner_out_of_a_known_place(make: Make, cast: Cast) -> None:
    email, home = cast.owner.user.email, Device(make.address())
    assert guess(make, email, home, PHRASE) == "in"
    account = Bucket(limits.LOGIN_ACCOUNT, email)
    while limits.wait_for([account]) == 0:
        pass  # what a hundred addresses would use up
    assert guess(make, email, Device(make.address()), PHRASE) == "rate_limited"
    assert guess(make, email, home, PHRASE) == "in"


def test_one_address_trying_many_accounts_is_slowed_down(make: Make) -> None:
    bucket = Bucket(limits.LOGIN_ADDRESS, make.address())
    device = Device(bucket.subject)
    while limits.wait_for([bucket]) == 0:
        pass
    assert guess(make, "somebody@example.test", device) == "rate_limited"


def test_a_right_password_forgives_the_slips_before_it(make: Make, cast: Cast) -> None:
    device, email = Device(make.address()), cast.owner.user.email
    for _ in range(3):
        assert [guess(make, email, device) for _ in range(6)] == ["invalid_credentials"] * 6
        assert guess(make, email, device, PHRASE) == "in"


# Redis away


@pytest.fixture
def own_redis(tmp_path: Path, settings: Any) -> Iterator[int]:
    """A Redis of this test's own, to be stopped at will; the process id of its server."""
    folder = tmp_path / "valkey"
    port = valkey.start(folder)
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    core_redis.client.cache_clear()
    pid = int((folder / "valkey.pid").read_text())
    yield pid
    os.kill(pid, signal.SIGCONT)
    valkey.stop(folder)
    core_redis.client.cache_clear()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_without_redis_signing_in_by_password_is_refused_in_time_and_says_so(
    make: Make, cast: Cast, own_redis: int, how: signal.Signals
) -> None:
    client = make.client()
    body = {"email": cast.owner.user.email, "password": PHRASE}
    assert client.post("/api/v1/auth/login", body, format="json").status_code == 200
    os.kill(own_redis, how)
    begin = time.monotonic()
    answer = client.post("/api/v1/auth/login", body, format="json")
    assert time.monotonic() - begin < 4
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "try_later", "30")


def test_without_redis_a_session_is_renewed_and_a_code_still_counts_its_tries(
    make: Make, cast: Cast, own_redis: int
) -> None:
    from apps.users import codes

    client = make.client()
    login = {"email": cast.owner.user.email, "password": PHRASE}
    assert client.post("/api/v1/auth/login", login, format="json").status_code == 200
    code = codes.make(cast.owner.user, codes.Purpose.SIGN_IN, Device(None))
    os.kill(own_redis, signal.SIGKILL)
    assert client.post("/api/v1/auth/refresh", {}, format="json").status_code == 200
    body = {"challenge": str(code.pk), "code": "x"}
    for _ in range(5):
        assert client.post("/api/v1/auth/code/verify", body, format="json").status_code == 401
    code.refresh_from_db()
    assert code.tries_left == 0
