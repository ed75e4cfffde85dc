"""A person whose mail may be read, the model that reads it, and the fake of the service that reads it elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.ai.models import Consent
from apps.ai.retrieval import embedder, filling, mistral
from apps.ai.retrieval.embedder import Embedder
from apps.providers.models import ProviderAccount
from tests.fakes.mistral.server import MistralApi
from tests.mail import fixtures
from tests.tenants.fixtures import Cast, Make


def allow(account: ProviderAccount, *, reading: bool = True) -> None:
    """The owner of an account says whether agents may read it."""
    Consent.objects.update_or_create(account=account, defaults={"reading": reading, "by_user": account.owner_id})


def read(account: ProviderAccount, **how: Any) -> filling.Filled:
    """Read all that waits in an account, with the model that settings name."""
    return filling.fill(account.pk, embedder.current(), **how)


@pytest.fixture
def inbox(cast: Cast) -> Iterator[fixtures.Box]:
    """The owner's account, which may be read, open for the test's length."""
    with cast.inside(), fixtures.box(cast.owner) as made:
        allow(made.account)
        yield made


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    """The owner's browser."""
    return make.client(cast.owner)


@pytest.fixture
def local() -> Embedder:
    """The model that runs here."""
    return embedder.current()


@pytest.fixture
def api() -> Iterator[MistralApi]:
    with MistralApi() as running:
        yield running


@pytest.fixture
def remote(api: MistralApi, settings: Any) -> Iterator[Embedder]:
    """The service's model, by way of settings, at nobody's expense."""
    settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL, settings.PMSYNC_MISTRAL_TIMEOUT = api.key, api.url, 5
    yield Embedder(mistral.model())
    mistral.close()
