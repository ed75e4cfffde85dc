"""The world of each test here: a simulated Microsoft, its people, and adapters that speak to it."""

import ssl
from collections.abc import Iterator

import pytest

from tests.fakes.certificates import Authority
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_fake.cast import World
from tests.microsoft_fake.cast import world as a_world


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom everybody here trusts."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def tls(authority: Authority) -> ssl.SSLContext:
    """The certificate of every server here: making keys takes longer than most tests."""
    return authority.server()


@pytest.fixture
def world(authority: Authority, tls: ssl.SSLContext) -> Iterator[World]:
    """Everybody, anew."""
    with a_world(authority, tls) as made:
        yield made


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    """Anna's account, seen from our side and from another client."""
    with Desk(world, world.anna) as made:
        yield made
