"""A simulated Google for each test, with a clock that stands still."""

from collections.abc import Iterator

import pytest

from tests.fakes.google import Google
from tests.fakes.google.clock import Clock
from tests.google_adapter.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A Google of its own; mistakes of the simulation fail the test."""
    with Google(seed=1, clock=Clock(1_780_000_000.0)) as google:
        made = Desk(google)
        yield made
        made.close()
