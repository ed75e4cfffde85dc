"""A simulated Google for each test."""

from collections.abc import Iterator

import pytest

from tests.fakes.google import Google
from tests.google_fake.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A Google of its own, and a look at all that it answered when the test ends."""
    with Google(seed=1) as google:
        made = Desk(google)
        yield made
        made.close()
