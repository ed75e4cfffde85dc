"""Pub/Sub without a webhook: the watcher fetches, and acknowledges what stands in the row."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from apps.providers import clouds
from apps.providers.adapters import errors
from apps.providers.adapters.google import pull
from apps.providers.push import pulling
from apps.sync.watching.process import hop
from tests.fakes.google.service import PROJECT
from tests.push.desk import SUBSCRIPTION, TOPIC, Desk, change


@pytest.fixture
def pulled(at_google: Desk, settings: Any, tmp_path: Path) -> Desk:
    """An account whose notifications nobody pushes."""
    google = at_google.google
    google.pubsub.subscribe(SUBSCRIPTION, TOPIC)
    account = google.grants.new_service_account(f"pull@{PROJECT}.iam.gserviceaccount.com", PROJECT)
    settings.GMAIL_PUBSUB_KEY_FILE = tmp_path / "key.json"
    settings.GMAIL_PUBSUB_KEY_FILE.write_text(json.dumps(account.info(google.root)))
    settings.GMAIL_PUBSUB_ACCOUNT = ""
    return at_google


def fetch(desk: Desk, hops: Callable[..., Any] | None = None) -> float:
    """As the watcher does, once."""

    async def run() -> float:
        puller = clouds.named("google").pusher.puller()
        assert puller is not None
        with ThreadPoolExecutor(1) as threads:

            async def through(function: Callable[..., Any], *args: Any) -> Any:
                return await hop(threads, function, *args)

            try:
                return await pulling.once("google", puller, hops or through)
            finally:
                await puller.close()

    with ThreadPoolExecutor(1) as thread:  # no tenant is open there
        return thread.submit(asyncio.run, run()).result()


def waiting(desk: Desk) -> int:
    return len(desk.google.pubsub.subscriptions[SUBSCRIPTION].messages)


def test_what_waits_is_fetched_rung_and_acknowledged(pulled: Desk) -> None:
    there = change(pulled, "mail", "News")
    assert waiting(pulled) == 1
    assert pulled.queue.names() == []
    assert fetch(pulled) == 0.0
    assert waiting(pulled) == 0
    assert pulled.queue.work() == ["sync.run"]
    assert there()
    assert fetch(pulled) == pulling.QUIET


def test_what_was_not_written_down_comes_again(pulled: Desk) -> None:
    async def away(function: Callable[..., Any], *args: Any) -> Any:
        raise DatabaseError

    change(pulled, "mail", "News")
    with pytest.raises(DatabaseError):
        fetch(pulled, away)
    assert waiting(pulled) == 1
    pulled.google.clock.advance(60)
    fetch(pulled)
    assert (waiting(pulled), pulled.queue.names()) == (0, ["sync.run"])


def test_a_message_of_somebody_else_is_taken_and_rings_nowhere(pulled: Desk) -> None:
    pulled.google.pubsub.publish(TOPIC, b"no JSON")
    pulled.google.pubsub.publish(TOPIC, b'{"emailAddress": "stranger@firm.example", "historyId": 7}')
    fetch(pulled)
    assert (waiting(pulled), pulled.queue.names()) == (0, [])


def test_the_webhook_believes_nobody_where_notifications_are_fetched(pulled: Desk) -> None:
    posted = [one for one in pulled.google.courier.attempts if "gmail-pubsub" in one.url][-1]
    headers = {"Authorization": posted.headers["Authorization"]}
    answer = Client().post("/api/webhooks/gmail-pubsub", posted.body, "application/json", headers=headers)
    assert answer.status_code == 401
    assert pulled.queue.names() == []


def test_a_file_that_is_no_key_is_refused_without_being_shown() -> None:
    for text in (b"secret words", b"[]", b'{"client_email": "secret words"}'):
        with pytest.raises(errors.Rejected) as caught:
            pull.service_account(text)
        assert "secret" not in str(caught.value)
