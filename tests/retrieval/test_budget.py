"""What embedding costs: charged to the company's day beside the rest, and put off quietly when that is spent."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.ai.model import access, budget, switches
from apps.ai.models import Chunk, ModelUsage
from apps.ai.retrieval import charging, embedder, mistral, rounds
from apps.ai.retrieval.embedder import EmbedderError, Withheld
from apps.core.clock import now
from tests.fakes.mistral.script import EMBEDDINGS, Act, dropped, fail, garbled, to
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box
from tests.retrieval import rows
from tests.tenants.fixtures import Cast


@pytest.fixture
def service(inbox: Box, api: MistralApi, settings: Any) -> Any:
    """The service, at the open company's expense."""
    settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL, settings.PMSYNC_MISTRAL_TIMEOUT = api.key, api.url, 5
    yield api
    mistral.close()
    access.close()


def spent() -> tuple[int, int, int]:
    """Calls, tokens and what is reserved."""
    row = ModelUsage.objects.get(purpose="embedding")
    return row.calls, row.prompt_tokens, row.reserved_tokens


def test_embedding_is_charged_as_the_service_counts_it_and_shown(
    service: MistralApi, inbox: Box, client: APIClient
) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    assert rounds.read() is None
    counted = sum(entry.usage["total_tokens"] for entry in service.asked(EMBEDDINGS))
    assert spent() == (1, counted, 0) and counted > 0
    state = client.get("/api/v1/assistant").json()
    assert state["used_today"] == counted
    (row,) = state["usage"]
    assert (row["purpose"], row["model"], row["prompt_tokens"]) == ("embedding", "mistral-embed", counted)
    assert row["cost"] > 0


def test_the_model_that_runs_here_costs_nothing(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    rounds.read()
    assert Chunk.objects.exists() and not ModelUsage.objects.exists()


def test_a_spent_day_puts_reading_off_and_the_next_takes_it_up(
    service: MistralApi, inbox: Box, cast: Cast, client: APIClient
) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    switches.change(cast.owner.user_id, daily_tokens=1)
    assert rounds.read() is None, "nothing is asked again before the sweep comes by"
    assert not Chunk.objects.exists() and service.asked(EMBEDDINGS) == []
    found = client.get("/api/v1/search/semantic?q=contract").json()
    assert found["items"][0]["title"] == "Roof" and not found["meaning"]
    ModelUsage.objects.update(day=now().date() - timedelta(days=1))
    switches.change(cast.owner.user_id, daily_tokens=2_000)
    assert rounds.read() is None and Chunk.objects.exists()


def test_an_archive_leaves_half_of_the_day_to_people(service: MistralApi, inbox: Box, cast: Cast) -> None:
    text = "The contract ends in March. " * 20
    switches.change(cast.owner.user_id, daily_tokens=len(text))
    with pytest.raises(Withheld):
        embedder.current(archive=True).embed([text, text])
    assert embedder.current().embed([text, text]).shape == (2, 1024)
    assert budget.used(now().date(), "embedding") == budget.used(now().date())


def test_what_a_question_costs_ends_with_the_day_and_says_so(
    service: MistralApi, inbox: Box, cast: Cast, client: APIClient
) -> None:
    switches.change(cast.owner.user_id, daily_tokens=0)
    assert client.get("/api/v1/search/semantic?q=contract").json()["why_not"] == "budget_spent"
    switches.change(cast.owner.user_id, daily_tokens=None, enabled=False)
    assert client.get("/api/v1/search/semantic?q=contract").json()["why_not"] == "switched_off"
    assert service.asked(EMBEDDINGS) == []


@pytest.mark.parametrize(
    ("act", "paid"),
    [
        (fail("rate_limited", retry_after=7), False),
        (fail("unavailable"), False),
        (dropped, True),
        (garbled("{"), True),
        (garbled('{"data": []}'), True),
    ],
)
def test_what_may_have_been_read_is_paid_for(act: Act, paid: bool, service: MistralApi, inbox: Box) -> None:
    service.when(to(EMBEDDINGS), act)
    with pytest.raises(EmbedderError):
        embedder.current().embed(["The contract ends in March."])
    calls, tokens, reserved = spent()
    assert (calls, tokens > 0, reserved) == (1, paid, 0)


def test_each_thread_counts_its_own(service: MistralApi, inbox: Box) -> None:
    model = mistral.model()
    first = model.answer(["one"]).tokens
    assert first == model.answer(["one"]).tokens and first
    assert charging.Charged(model).name == model.name
