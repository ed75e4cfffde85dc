"""Companies here are made by our own provisioning, each in a schema that is new."""

from collections.abc import Iterator

import pytest

from apps.tenants import provisioning
from tests.tenants.fixtures import Make


@pytest.fixture
def make(committed: None) -> Iterator[Make]:
    """Makes companies and people for one test."""
    maker = Make(provisioning.create)
    yield maker
    maker.tidy()
