"""Search by words and meaning: what is found, by whom, and what nobody finds."""

import uuid
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.ai.models import Chunk
from apps.ai.retrieval import finding, nearest, worded
from apps.ai.retrieval.embedder import DIMENSIONS, Column, Embedder
from apps.mail.models import Mailbox, Message
from apps.providers.models import AccountAccess
from tests.fakes.mistral.script import EMBEDDINGS, fail, to
from tests.fakes.mistral.server import MistralApi
from tests.mail import fixtures
from tests.mail.fixtures import Box
from tests.retrieval import labelled, rows
from tests.retrieval.conftest import allow, read
from tests.sync import fixtures as engine
from tests.tenants.fixtures import Cast, Make

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ASKED = "When does our agreement with the roofers run out?"


def titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer.json()["items"]]


def ask(client: APIClient, question: str, **more: Any) -> Any:
    return client.get("/api/v1/search/semantic", {"q": question} | more)


@pytest.fixture
def filled(inbox: Box) -> Box:
    """Mail, an event and a contact, read."""
    rows.mail(inbox, 1, "Roof works", "The contract with Keller ends on the 31st of March.")
    rows.mail(inbox, 2, "Cellar", "The pump in the cellar is broken again.")
    rows.mail(inbox, 3, "Invoice 2026-04871", "Please pay within thirty days.")
    rows.event(
        inbox.account, "Dinner with the notary", MONDAY, about="We celebrate the sale of the house.", place="Da Mario"
    )
    rows.contact(inbox.account, "Carla Neri", "carla@neri.example", title="Veterinarian")
    read(inbox.account)
    return inbox


def test_a_paraphrase_finds_what_shares_no_word(filled: Box, client: APIClient) -> None:
    answer = ask(client, ASKED)
    assert answer.status_code == 200
    first = answer.json()["items"][0]
    message = Message.objects.get(subject="Roof works")
    assert (first["type"], first["id"], first["thread_id"]) == ("message", str(message.pk), str(message.thread_id))
    assert first["by"] == ["meaning"]
    assert first["excerpt"] == "The contract with Keller ends on the 31st of March."
    assert answer.json()["meaning"] is True


def test_a_number_is_found_by_its_word(filled: Box, client: APIClient) -> None:
    first = ask(client, "invoice 2026-04871").json()["items"][0]
    assert first["title"] == "Invoice 2026-04871" and "words" in first["by"]


def test_events_and_contacts_are_found_too(filled: Box, client: APIClient) -> None:
    assert titles(ask(client, "Where do we eat with the lawyer?"))[0] == "Dinner with the notary"
    assert titles(ask(client, "Who can treat my sick dog?", kinds="contact")) == ["Carla Neri"]
    assert {item["type"] for item in ask(client, "notary", kinds="event,contact").json()["items"]} <= {
        "event",
        "contact",
    }


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"q": "  "}, "what to look for"),
        ({"q": "x", "kinds": "file"}, "kinds"),
        ({"q": "x", "account": "1"}, "account"),
        ({"q": "x", "limit": "many"}, "limit"),
    ],
)
def test_bad_queries_are_told_what_is_wrong(query: dict[str, str], says: str, inbox: Box, client: APIClient) -> None:
    answer = client.get("/api/v1/search/semantic", query)
    assert answer.status_code == 400 and says in answer.json()["detail"]


def test_a_colleague_finds_nothing_until_they_are_given_access(filled: Box, cast: Cast, make: Make) -> None:
    colleague = make.client(cast.member)
    for question in (ASKED, "invoice 2026-04871", "notary"):
        assert ask(colleague, question).json()["items"] == []
    grant = AccountAccess.objects.create(account=filled.account, user_id=cast.member.user_id, role="reader")
    assert titles(ask(colleague, ASKED))[0] == "Roof works"
    grant.delete()
    assert ask(colleague, ASKED).json()["items"] == []


def test_only_the_account_that_is_asked_for_is_searched(filled: Box, cast: Cast, client: APIClient) -> None:
    assert ask(client, ASKED, account=str(uuid.uuid4())).json()["items"] == []
    assert titles(ask(client, ASKED, account=str(filled.account.pk)))[0] == "Roof works"


def test_without_the_owners_leave_only_words_find(filled: Box, client: APIClient) -> None:
    """At once, though the vectors are still there: they go a moment later."""
    allow(filled.account, reading=False)
    assert Chunk.objects.exists()
    answer = ask(client, "contract with Keller").json()
    assert [item["by"] for item in answer["items"]] == [["words"]]
    assert (answer["meaning"], answer["why_not"]) == (False, "no_consent")


def test_junk_is_not_found(filled: Box, client: APIClient) -> None:
    Mailbox.objects.filter(account=filled.account, remote_id="INBOX").update(role="junk")
    assert {item["type"] for item in ask(client, ASKED).json()["items"]} <= {"event", "contact"}


def test_a_service_that_fails_leaves_the_words(
    filled: Box, client: APIClient, api: MistralApi, remote: Embedder
) -> None:
    api.when(to(EMBEDDINGS), fail("unavailable"))
    answer = ask(client, "contract with Keller")
    assert answer.status_code == 200 and titles(answer) == ["Roof works"]
    assert answer.json()["why_not"] == "embedder_unavailable"


def test_vectors_of_another_model_are_not_compared(filled: Box, local: Embedder) -> None:
    accounts = [filled.account.pk]
    Chunk.objects.filter(event__isnull=False).update(model="another-of-384")
    found = finding.near(local, accounts, "Where do we eat with the lawyer?")
    assert found and all(one.kind != "event" for one in found)


def test_coverage_tells_how_much_was_read(filled: Box, client: APIClient) -> None:
    rows.mail(filled, 9, "Late", "Not read yet.")
    (item,) = client.get("/api/v1/search/semantic/coverage").json()["items"]
    assert (item["consented"], item["read"], item["total"]) == (True, 3, 4) and item["covered_at"]


def test_ranks_are_fused_by_place() -> None:
    one, two, three = (("message", uuid.UUID(int=number)) for number in (1, 2, 3))
    hits = finding.fuse({"meaning": [one, two], "words:message": [two, three]}, {two: "text"})
    assert [hit.id.int for hit in hits] == [2, 1, 3]
    assert hits[0].by == ("meaning", "words") and hits[0].text == "text"
    assert hits[0].score == pytest.approx(1 / 62 + 1 / 61)


def test_what_is_found_only_further_down_in_two_lists_does_not_beat_the_best_of_one_by_much() -> None:
    keys = [("message", uuid.UUID(int=number)) for number in range(100)]
    hits = finding.fuse({"meaning": keys[:50], "words:message": keys[49:]}, {})
    assert hits[0].id.int == 49  # in both
    assert {hits[1].id.int, hits[2].id.int} == {0, 50}


@pytest.mark.parametrize("column", ["small", "large"])
def test_the_index_of_neighbours_and_the_comparison_find_the_same(inbox: Box, column: Column) -> None:
    """Among vectors that no account's owner hides; and each only in the accounts that it was asked for."""
    mine, other = inbox.account.pk, engine.account(inbox.member, "other@rossi.example").pk
    rng = np.random.default_rng(3)
    made = rng.standard_normal((200, DIMENSIONS[column])).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    contact = rows.contact(inbox.account, "Carla Neri")
    Chunk.objects.bulk_create(
        Chunk(account_id=mine if number % 4 else other, contact=contact, position=number, model="m",
              text=str(number), **{column: made[number]})
        for number in range(200)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ai_chunk")
    for vector in made[:5]:
        for accounts in ([mine], [other], [mine, other]):
            exact = nearest.compared(accounts, "m", column, vector, 10)
            assert {one.account_id for one in exact} <= set(accounts)
            assert exact == nearest.walked(accounts, "m", column, vector, 10)
            assert [one.likeness for one in exact] == sorted((one.likeness for one in exact), reverse=True)
    assert nearest.nearest([mine], "m", column, made[1], 3)[0].text == "1"
    assert nearest.nearest([mine], "other", column, made[1], 3) == [] == nearest.nearest([], "m", column, made[1], 3)


def test_the_comparison_reads_the_index_that_holds_the_vectors(inbox: Box) -> None:
    contact = rows.contact(inbox.account, "Carla Neri")
    Chunk.objects.bulk_create(
        Chunk(account=inbox.account, contact=contact, position=number, model="m", small=[1.0 + number] + [0.0] * 383)
        for number in range(300)
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE ai_chunk")
        cursor.execute("SET enable_bitmapscan = off; SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id, (small <#> %s::halfvec) + 0 AS away FROM ai_chunk WHERE account_id = ANY(%s) "
            "AND model = 'm' AND small IS NOT NULL ORDER BY away LIMIT 10",
            [str([1.0] + [0.0] * 383), [inbox.account.pk]],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_bitmapscan; RESET enable_seqscan")
    assert "Index Only Scan using chunk_small_of" in plan, plan


def test_the_words_of_a_question_are_those_that_tell_something() -> None:
    assert worded.telling("When does the contract with Keller end?") == ["contract", "keller", "end"]
    assert worded.telling("Quando scade il contratto con Keller?") == ["scade", "contratto", "keller"]
    assert worded.telling("What is it?") == ["what", "is", "it"]


def test_rare_words_decide_and_common_ones_only_weigh() -> None:
    rare, common, every = (worded.Word(str(share), "x", share) for share in (0.001, 0.03, 0.4))
    assert worded.rarer([every, common, rare]) == [rare, common]
    assert worded.rarer([every]) == [every]
    assert rare.weight > common.weight > every.weight


def test_hostile_questions_are_only_questions(filled: Box, client: APIClient) -> None:
    for question in (
        "'; DROP TABLE ai_chunk; --",
        "a & | ! <-> b:*",
        "%_\\",
        "\x00null",
        "🙂",
        "x" * 5_000,
        "((((",
        "''",
    ):
        assert ask(client, question).status_code == 200, question


def test_fusing_finds_more_of_the_labelled_answers_than_either_alone(inbox: Box, cast: Cast, local: Embedder) -> None:
    """The labelled set without filler; `make bench-retrieval` has a hundred thousand messages around it."""
    told: dict[str, list[str]] = {}
    letters = [(one.id, letter, kind) for one in labelled.questions()
               for kind in ("answers", "distractors") for letter in getattr(one, kind)]  # fmt: skip
    records = []
    for number, (_, letter, _) in enumerate(letters, 1):
        records.append(fixtures.record(number, fixtures.eml(number, letter.subject, body=letter.body)))
    inbox.arrive(*records)
    read(inbox.account)
    ids = dict(Message.objects.values_list("message_id", "pk"))
    for number, (question, _, kind) in enumerate(letters, 1):
        if kind == "answers":
            told.setdefault(question, []).append(str(ids[f"{number}@test"]))
    accounts = [inbox.account.pk]
    recall: dict[str, list[float]] = {"words": [], "meaning": [], "fused": []}
    for one in labelled.questions():
        by_meaning = finding.best_passages(finding.near(local, accounts, one.question))
        lists = {
            "words": worded.messages(accounts, one.question, 10),
            "meaning": [pk for _, pk in by_meaning],
            "fused": [hit.id for hit in finding.find(cast.owner, finding.Asked(one.question)).hits],
        }
        for name, found in lists.items():
            recall[name].append(labelled.recall([str(pk) for pk in found], told[one.id], 3))
    means = {name: float(np.mean(values)) for name, values in recall.items()}
    assert means["fused"] >= max(means["words"], means["meaning"]) - 0.02 and means["fused"] > 0.85, means
