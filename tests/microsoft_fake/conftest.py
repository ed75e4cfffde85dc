"""The world of each test here."""

import ssl
from collections.abc import Iterator

import pytest

from tests.fakes.certificates import Authority
from tests.microsoft_fake.cast import Client, World
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
def world(authority: Authority, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Everybody, anew."""
    # requests, which msal uses, prefers these to the `verify` that it is given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with a_world(authority, tls) as made:
        yield made


@pytest.fixture
def anna(world: World) -> Client:
    """Anna's client."""
    return world.graph(world.anna)
