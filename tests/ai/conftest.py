"""A fake of the Mistral API for each test that asks a model, and an account whose owner lets the agents read it."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app

from apps.ai import consent
from apps.ai.model import access
from apps.ai.retrieval import mistral as embeddings
from apps.calendar.models import Calendar
from tests.fakes.mistral.server import MistralApi
from tests.mail import fixtures
from tests.mail.fixtures import Box
from tests.tenants.fixtures import Cast


@pytest.fixture
def mistral(settings: Any) -> Iterator[MistralApi]:
    """The service, configured as an installation would."""
    with MistralApi() as api:
        settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL = api.key, api.url
        settings.PMSYNC_MISTRAL_TIMEOUT = 5
        yield api
        access.close()
        embeddings.close()


@pytest.fixture
def box(cast: Cast) -> Iterator[Box]:
    """The owner's account; its tenant is open and its owner lets the agents read it."""
    with cast.inside(), fixtures.box(cast.owner) as made:
        consent.set_by(cast.owner, made.account.pk, reading=True, drafting=False)
        yield made


@pytest.fixture
def eager() -> Iterator[None]:
    """Tasks run at once, in the thread that enqueues them."""
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = before


@pytest.fixture
def diary(box: Box) -> Calendar:
    """A calendar of the account that takes events and tasks."""
    made: Calendar = Calendar.objects.create(account=box.account, remote_id="/diary/", name="Diary", writable=True)
    return made
