"""Reading accounts: what is read, once, by whose leave; and what goes when its source or the leave goes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.ai.models import Chunk, Coverage
from apps.ai.retrieval import filling, rounds, tasks, waking
from apps.ai.retrieval.embedder import Embedder, EmbedderError
from apps.core.clock import now
from apps.mail import burial
from apps.mail.models import Message
from apps.providers import removal
from apps.providers.models import AccountStatus
from apps.realtime import journal
from tests.fakes.mistral.script import EMBEDDINGS, fail, to
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box, eml, record
from tests.retrieval import rows
from tests.retrieval.conftest import allow, read
from tests.tenants.fixtures import Cast

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def texts() -> list[str]:
    return sorted(Chunk.objects.values_list("text", flat=True))


def test_mail_events_and_contacts_are_read(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    event = rows.event(inbox.account, "Lunch with Keller", MONDAY, about="About the terrace.", place="Da Mario")
    contact = rows.contact(inbox.account, "Carla Neri", "carla@neri.example", title="Notary")
    assert read(inbox.account) == filling.Filled(3, done=True)
    chunks = {chunk.text: chunk for chunk in Chunk.objects.all()}
    assert set(chunks) == {
        "The contract ends in March.", "About the terrace.", "Monday 02 March 2026. Da Mario",
        "Notary. carla@neri.example",
    }  # fmt: skip
    assert (
        chunks["About the terrace."].event_id == event.pk
        and chunks["Notary. carla@neri.example"].contact_id == contact.pk
    )
    assert {(chunk.model, chunk.large) for chunk in chunks.values()} == {("all-minilm-l6-v2-int8", None)}


def test_a_second_reading_reads_nothing(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    rows.mail(inbox, 2, "", "")
    assert read(inbox.account).sources == 2
    before = list(Chunk.objects.order_by("pk").values_list("pk", flat=True))
    assert read(inbox.account).sources == 0 and read(inbox.account, whole=True).sources == 0
    assert list(Chunk.objects.order_by("pk").values_list("pk", flat=True)) == before


def test_a_message_that_says_nothing_is_looked_at_once(inbox: Box) -> None:
    rows.mail(inbox, 1, "", "")
    read(inbox.account)
    chunk = Chunk.objects.get()
    assert (chunk.text, chunk.small) == ("", None)


def test_nobody_reads_an_account_without_its_owners_leave(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    allow(inbox.account, reading=False)
    assert read(inbox.account) == filling.NOTHING and filling.accounts() == []
    assert not Chunk.objects.exists()


def test_news_is_read_by_what_the_journal_names(inbox: Box, local: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    read(inbox.account)
    rows.mail(inbox, 2, "Cellar", "The pump is broken.")
    _, touched = filling.news(Coverage.objects.get(), local.name)
    second = Message.objects.get(subject="Cellar")
    assert touched is not None and touched["message"] == {second.pk}
    assert read(inbox.account).sources == 1
    assert "The pump is broken." in texts()


@pytest.mark.parametrize("why", ["first", "model", "pruned", "history", "ahead"])
def test_all_that_waits_is_looked_for_when_the_journal_cannot_tell(why: str, inbox: Box, local: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    if why != "first":
        read(inbox.account)
    if why == "model":
        Coverage.objects.update(model="another")
    if why == "pruned":
        rows.mail(inbox, 2, "Cellar", "The pump is broken.")
        journal.prune(datetime(2100, 1, 1, tzinfo=UTC))
    if why == "history":
        inbox.arrive(record(3, eml(3, "Old", body="Long ago.")), live=False)
    if why == "ahead":
        Coverage.objects.update(seq=10_000)
    coverage = Coverage.objects.first() or Coverage(pk=inbox.account.pk)
    assert filling.news(coverage, local.name)[1] is None
    read(inbox.account)
    assert filling.pending(inbox.account.pk, local.name) == 0


def test_a_changed_event_is_read_anew(inbox: Box) -> None:
    row = rows.event(inbox.account, "Lunch", MONDAY, about="Terrace.")
    read(inbox.account)
    rows.change(row, "Terrace.", "Chimney.")
    assert read(inbox.account, whole=True).sources == 1
    assert texts() == ["Chimney.", "Monday 02 March 2026"]
    assert {chunk.rev for chunk in Chunk.objects.all()} == {row.rev}


def test_a_change_of_model_reads_all_anew(inbox: Box, local: Embedder, remote: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    filling.fill(inbox.account.pk, local)
    assert filling.fill(inbox.account.pk, remote).sources == 1
    chunk = Chunk.objects.get()
    assert (chunk.model, chunk.small) == ("mistral-embed", None) and chunk.large is not None
    assert Coverage.objects.get().model == "mistral-embed"


def test_it_goes_on_where_it_was_cut_off(inbox: Box) -> None:
    for number in range(filling.BATCH + 5):
        rows.mail(inbox, number + 1, f"Subject {number}", f"Text {number}.")
    first = read(inbox.account, seconds=0)
    assert first == filling.Filled(filling.BATCH, done=False)
    # The newest come first.
    oldest = Message.objects.order_by("at").first()
    assert oldest is not None and not Chunk.objects.filter(message=oldest).exists()
    assert read(inbox.account) == filling.Filled(5, done=True)


def test_a_service_that_fails_midway_loses_only_its_batch(inbox: Box, api: MistralApi, remote: Embedder) -> None:
    for number in range(filling.BATCH + 5):
        rows.mail(inbox, number + 1, f"Subject {number}", f"Text {number}.")
    api.when(lambda asked: "Text 0." in asked.text, fail("rate_limited", retry_after=30))
    with pytest.raises(EmbedderError):
        filling.fill(inbox.account.pk, remote)
    assert Chunk.objects.count() == filling.BATCH
    assert rounds.read() == 30  # asked again when the service said
    api.script.clear()
    assert filling.fill(inbox.account.pk, remote) == filling.Filled(5, done=True)


def test_two_do_not_read_an_account_at_once(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    lease = filling._take(inbox.account.pk)
    assert lease is not None
    assert read(inbox.account) == filling.Filled(0, done=False, busy=True)
    # Whoever held it died; the lease lapses by itself.
    Coverage.objects.update(leased_until=now())
    assert read(inbox.account).done


def test_what_came_while_it_was_read_is_read_by_the_same_round(inbox: Box) -> None:
    for number in range(3):
        rows.mail(inbox, number + 1, f"Subject {number}", f"Text {number}.")
    assert rounds.read() is None
    rows.mail(inbox, 9, "Late", "It came later.")
    assert rounds.read() is None and "It came later." in texts()


def test_mail_in_junk_and_trash_is_not_read(inbox: Box) -> None:
    from apps.mail.models import Mailbox

    rows.mail(inbox, 1, "Win", "You have won a million.", mailbox="Work")
    Mailbox.objects.filter(remote_id="Work").update(role="junk")
    assert read(inbox.account).sources == 0
    Mailbox.objects.filter(remote_id="Work").update(role="")
    assert read(inbox.account, whole=True).sources == 1


def test_chunks_go_with_their_message(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    rows.mail(inbox, 2, "Cellar", "The pump is broken.")
    read(inbox.account)
    inbox.apply(vanished=(1,))
    connection.cursor().execute(
        "UPDATE mail_message SET orphaned_at = now() - interval '1 hour' WHERE orphaned_at IS NOT NULL"
    )
    inbox.account.as_of = now()
    inbox.account.save()
    assert burial.bury() == 1
    assert texts() == ["The pump is broken."]


def test_chunks_go_with_their_account(inbox: Box) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    rows.contact(inbox.account, "Carla Neri")
    read(inbox.account)
    inbox.account.status = AccountStatus.DISCONNECTED
    inbox.account.save()
    assert {"ai_chunk", "ai_coverage"} <= {item.table for item in removal.dependents()}
    assert removal.remove(inbox.account.pk)
    assert not Chunk.objects.exists() and not Coverage.objects.exists()


def test_chunks_go_when_the_owner_takes_their_leave_back(inbox: Box, eager: None) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    read(inbox.account)
    allow(inbox.account, reading=False)
    assert not Chunk.objects.exists() and not Coverage.objects.exists()


def test_who_reads_at_that_moment_writes_nothing_more(inbox: Box, local: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    lease = filling._take(inbox.account.pk)
    assert lease is not None
    (found,) = list(filling._batches(inbox.account.pk, local.name, None))
    allow(inbox.account, reading=False)
    filling.forget(inbox.account.pk)
    assert not filling._keep(*found[:1], inbox.account.pk, local, lease, found[1])
    assert not Chunk.objects.exists()


def test_a_message_that_went_meanwhile_is_left_out(inbox: Box, local: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    rows.mail(inbox, 2, "Cellar", "The pump is broken.")
    lease = filling._take(inbox.account.pk)
    assert lease is not None
    ((source, batch),) = list(filling._batches(inbox.account.pk, local.name, None))
    gone = Message.objects.get(subject="Roof")
    with connection.cursor() as cursor:
        for table in ("mail_messagewords", "mail_placement"):
            cursor.execute(f"DELETE FROM {table} WHERE message_id = %s", [gone.pk])
        cursor.execute("DELETE FROM mail_message WHERE id = %s", [gone.pk])
    assert filling._keep(source, inbox.account.pk, local, lease, batch)
    assert texts() == ["The pump is broken."]


@pytest.fixture
def eager(settings: Any) -> Any:
    """Tasks run at once, in the thread that hands them over."""
    from celery import current_app

    before, current_app.conf.task_always_eager = current_app.conf.task_always_eager, True
    yield
    current_app.conf.task_always_eager = before


def test_new_mail_wakes_the_reader(cast: Cast, inbox: Box, eager: None) -> None:
    waking._woken.clear()  # the owner's leave woke it less than a pause ago
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    assert texts() == ["The contract ends in March."]


def test_the_sweep_reads_what_nobody_told_of(cast: Cast, inbox: Box, eager: None) -> None:
    rows.contact(inbox.account, "Carla Neri")
    tasks.sweep(str(cast.tenant.pk))
    assert texts() == ["Carla Neri"]


def test_the_command_reads_to_the_end_and_says_so(cast: Cast, inbox: Box, capsys: Any) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    call_command("backfill", "embeddings", "--tenant", cast.tenant.slug, "--json")
    assert capsys.readouterr().out.strip() == '{"model": "all-minilm-l6-v2-int8", "accounts": 1, "read": 1, "left": 0}'


def test_the_command_refuses_an_account_that_may_not_be_read(cast: Cast, inbox: Box) -> None:
    allow(inbox.account, reading=False)
    with pytest.raises(CommandError, match="has not let it be read"):
        call_command("backfill", "embeddings", "--tenant", cast.tenant.slug, "--account", inbox.account.address)


def test_the_command_says_what_is_left(cast: Cast, inbox: Box, api: MistralApi, remote: Embedder) -> None:
    rows.mail(inbox, 1, "Roof", "The contract ends in March.")
    api.when(to(EMBEDDINGS), fail("unavailable"))
    with pytest.raises(CommandError, match="0 were read; run it again"):
        call_command("backfill", "embeddings", "--tenant", cast.tenant.slug)
