"""A clock that tests move, a mailbox whose owner gets reports, and a mail server that remembers what it took."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from apps.ai.model import access
from tests.fakes.mistral.server import MistralApi
from tests.fakes.smtp_sink import Sink
from tests.mail import fixtures
from tests.mail.fixtures import Box
from tests.tenants.fixtures import Cast

MORNING = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
"""Half an hour before 8:00, the day after the mail of `tests.mail.fixtures`."""


@pytest.fixture
def clock() -> Iterator[Any]:
    """The time of day, which stands still until a test moves it: `clock.move_to(...)`."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def box(cast: Cast) -> Iterator[Box]:
    """The owner's account, with its tenant open; agents may not read it."""
    with cast.inside(), fixtures.box(cast.owner) as made:
        yield made


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """Our own mail server."""
    with Sink() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


@pytest.fixture
def mistral(settings: Any) -> Iterator[MistralApi]:
    """The model's service, configured as an installation would."""
    with MistralApi() as api:
        settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL = api.key, api.url
        settings.PMSYNC_MISTRAL_TIMEOUT = 5
        yield api
        access.close()
