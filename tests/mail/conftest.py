"""Fixtures of mail's tests."""

from collections.abc import Iterator

import pytest

from tests.mail import fixtures
from tests.tenants.fixtures import Cast


@pytest.fixture
def inbox(cast: Cast) -> Iterator[fixtures.Box]:
    """The owner's account, open for the test's length."""
    with cast.inside(), fixtures.box(cast.owner) as made:
        yield made
