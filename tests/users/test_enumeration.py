"""Nobody learns from us who has an account: same answer, same time, for known and unknown (F88)."""

import math
import time
from collections.abc import Sequence
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.tenants.fixtures import Cast, Make

pytestmark = [pytest.mark.slow, pytest.mark.serial]
# So many of each: a leak shifts all of them, and 32 show that; the threshold lets one sound run in 1,000 fail.
ROUNDS = 32


def ks_p(first: Sequence[float], second: Sequence[float]) -> float:
    """The p-value of the two-sample Kolmogorov-Smirnov test (asymptotic, Numerical Recipes 14.3.3)."""
    one, two = sorted(first), sorted(second)
    i = j = 0
    distance = 0.0
    while i < len(one) and j < len(two):
        if one[i] <= two[j]:
            i += 1
        else:
            j += 1
        distance = max(distance, abs(i / len(one) - j / len(two)))
    size = math.sqrt(len(one) * len(two) / (len(one) + len(two)))
    scaled = (size + 0.12 + 0.11 / size) * distance
    total = 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * scaled * scaled) for k in range(1, 101))
    return min(1.0, max(0.0, total))


def test_the_statistic_tells_equal_from_different() -> None:
    even = [number / 100 for number in range(100)]
    assert ks_p(even, [value + 0.001 for value in even]) > 0.9
    assert ks_p(even, [value + 0.3 for value in even]) < 0.001


def timed(client: APIClient, path: str, body: dict[str, str]) -> tuple[float, int, bytes]:
    begin = time.perf_counter()
    answer: Any = client.post(f"/api/v1/{path}", body, format="json")
    spent = time.perf_counter() - begin
    data = answer.json()
    data.pop("challenge", None)
    return spent, answer.status_code, repr(sorted(data.items())).encode()


@pytest.mark.parametrize("path", ["auth/login", "auth/code", "auth/reset"])
def test_an_address_that_exists_answers_like_one_that_does_not(make: Make, cast: Cast, path: str) -> None:
    people = [make.person() for _ in range(ROUNDS // 8)]
    made_without_password = make.person(password=None)
    known: list[float] = []
    unknown: list[float] = []
    answers = set()
    for turn in range(ROUNDS):
        user = people[turn % len(people)] if turn % 10 else made_without_password
        for email, times in ((user.email, known), (f"x{user.email}", unknown)):
            body = {"email": email, "password": "not it"} if path == "auth/login" else {"email": email}
            # Each try from another address, as a botnet would.
            spent, status, content = timed(make.client(), path, body)
            if status != 429:
                times.append(spent)
            answers.add((status, content))
    assert len(known) > ROUNDS / 2
    assert len({status for status, _ in answers} - {429}) == 1
    assert len([content for status, content in answers if status != 429]) == 1
    assert ks_p(known, unknown) > 0.001
