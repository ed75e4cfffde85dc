"""The journal: gap-free numbers in the order of commits (F60), its bounds, what it takes in."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.core.clock import now
from apps.core.ids import new_id
from apps.realtime import journal
from apps.realtime.models import JournalEntry
from apps.tenants import context
from apps.tenants.models import Tenant
from tests.tenants.fixtures import Cast

from .server import event, happen


class Undone(Exception):
    """Rolls a writer's transaction back."""


def run_all(works: list[Callable[[], None]]) -> None:
    """Run each work in a thread of its own; raise what one of them raised."""
    failures: list[BaseException] = []

    def body(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def writer(tenant: Tenant, name: int, transactions: int) -> Callable[[], None]:
    """Appends one to three events in each transaction and takes every third one back."""
    dice = random.Random(name)

    def write() -> None:
        for turn in range(transactions):
            undone = dice.random() < 1 / 3
            news = [event(None, writer=name, turn=turn, of=n) for n in range(dice.randint(1, 3))]
            try:
                with context.open(tenant), transaction.atomic():
                    journal.append(news)
                    if undone:
                        raise Undone
            except Undone:
                continue

    return write


def watcher(tenant: Tenant, done: threading.Event, seen: list[int]) -> Callable[[], None]:
    """Reads on from what it saw; a number that comes before its predecessor is a fault."""

    def watch() -> None:
        while True:
            last_look = done.is_set()
            with context.open(tenant):
                page = journal.page(seen[-1] if seen else 0, 50)
            for entry in page.entries:
                assert entry.seq == (seen[-1] if seen else 0) + 1
                seen.append(entry.seq)
            assert page.head >= (seen[-1] if seen else 0)
            if last_look and not page.entries:
                return

    return watch


def test_numbers_have_no_gap_and_none_is_seen_before_its_predecessor_under_twenty_writers(cast: Cast) -> None:
    done = threading.Event()
    seen: tuple[list[int], list[int]] = ([], [])

    def write_all() -> None:
        run_all([writer(cast.tenant, name, 15) for name in range(20)])
        done.set()

    run_all([write_all, *(watcher(cast.tenant, done, each) for each in seen)])
    with cast.inside():
        stored = list(JournalEntry.objects.order_by("seq").values_list("seq", "at", "data"))
        assert journal.bounds() == (0, len(stored))
    numbers = [seq for seq, _, _ in stored]
    assert len(numbers) > 200
    assert numbers == list(range(1, len(numbers) + 1))
    assert list(seen) == [numbers, numbers]
    times = [at for _, at, _ in stored]
    assert times == sorted(times)
    kept = {(data["writer"], data["turn"]) for _, _, data in stored}
    assert all(turns(kept, name) < 15 for name in range(20))  # every writer took something back


def turns(kept: set[tuple[int, int]], writer_name: int) -> int:
    return sum(1 for name, _ in kept if name == writer_name)


def test_an_event_without_a_transaction_is_refused(cast: Cast) -> None:
    with cast.inside(), pytest.raises(RuntimeError, match="transaction"):
        journal.append([event(None)])


def test_an_event_outside_the_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="not an event"):
        journal.Event("email:sent", None, {})


def test_appending_nothing_gives_the_last_number_and_takes_no_lock(cast: Cast) -> None:
    seq = happen(cast.tenant, event(None), event(None))
    with cast.inside(), transaction.atomic():
        assert journal.append([]) == seq


@pytest.mark.parametrize(
    ("data", "stored"),
    [
        ({"subject": "a\0b"}, {"subject": "a\N{REPLACEMENT CHARACTER}b"}),
        ({"list": [{"x\0": ["\0"]}]}, {"list": [{"x\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}"]}]}),
        ({"subject": "a literal \\u0000"}, {"subject": "a literal \\u0000"}),
        ({"subject": "\N{PILE OF POO} \u2028 \x1b"}, {"subject": "\N{PILE OF POO} \u2028 \x1b"}),
        ({"copy": "tab\tline\nslash\\ \\N \\."}, {"copy": "tab\tline\nslash\\ \\N \\."}),
    ],
)
def test_whatever_a_mail_holds_can_be_told(cast: Cast, data: dict[str, Any], stored: dict[str, Any]) -> None:
    happen(cast.tenant, event(None, **data))
    with cast.inside():
        assert JournalEntry.objects.get().data == stored


def test_an_entry_comes_back_as_it_went_in(cast: Cast) -> None:
    account, person = new_id(), new_id()
    happen(cast.tenant, event(account, only_for=(person,), n=1), event(None, only_for=()))
    with cast.inside():
        one, other = journal.read(0)
    assert (one.event, one.account_id, one.only_for, one.data) == ("email:update", account, (person,), '{"n": 1}')
    assert (other.account_id, other.only_for) == (None, ())


def test_a_page_tells_its_place_and_the_bounds(cast: Cast) -> None:
    with cast.inside():
        assert journal.page(0, 10) == journal.Page(0, 0, None, ())
    happen(cast.tenant, *(event(None, n=n) for n in range(5)))
    with cast.inside():
        page = journal.page(2, 2)
        assert ([entry.seq for entry in page.entries], page.head, page.pruned_to) == ([3, 4], 5, 0)
        assert page.at == JournalEntry.objects.get(seq=2).at
        assert journal.page(0, 10).at is None
        assert [position for position in range(-1, 8) if page.serves(position)] == [0, 1, 2, 3, 4, 5]


def age(tenant: Tenant, upto: int, days: int) -> None:
    with context.open(tenant):
        JournalEntry.objects.filter(seq__lte=upto).update(at=now() - timedelta(days=days))


def test_retention_forgets_the_old_and_says_so(cast: Cast) -> None:
    happen(cast.tenant, *(event(None, n=n) for n in range(10)))
    age(cast.tenant, upto=6, days=8)
    with cast.inside():
        assert journal.prune(now() - timedelta(days=7)) == 6
        assert journal.prune(now() - timedelta(days=7)) == 0
        page = journal.page(0, 100)
        assert ([entry.seq for entry in page.entries], page.pruned_to, page.head) == ([7, 8, 9, 10], 6, 10)
        assert not page.serves(5)
        assert page.serves(6)
    assert happen(cast.tenant, event(None)) == 11


def test_retention_of_everything_keeps_the_numbers_going(cast: Cast) -> None:
    happen(cast.tenant, event(None), event(None))
    with cast.inside():
        journal.prune(now() + timedelta(days=1))
        assert journal.bounds() == (2, 2)
    assert happen(cast.tenant, event(None)) == 3


def test_retention_in_slices_stops_where_the_young_begin(cast: Cast) -> None:
    happen(cast.tenant, *(event(None, n=n) for n in range(10)))
    age(cast.tenant, upto=7, days=8)
    with cast.inside():
        assert journal.prune(now() - timedelta(days=7), at_once=3) == 7
        assert [entry.seq for entry in journal.read(0)] == [8, 9, 10]


def test_the_prune_task_visits_each_company_once_and_keeps_what_the_setting_says(cast: Cast, settings: Any) -> None:
    from apps.realtime import tasks

    settings.PMSYNC_JOURNAL_DAYS = 3
    for tenant in (cast.tenant, cast.neighbour):
        happen(tenant, *(event(None, n=n) for n in range(4)))
    age(cast.tenant, upto=2, days=4)
    age(cast.neighbour, upto=4, days=2)
    tasks.prune(str(cast.tenant.pk))
    tasks.prune(str(cast.neighbour.pk))
    with cast.inside():
        assert journal.bounds() == (2, 4)
    with context.open(cast.neighbour):
        assert journal.bounds() == (0, 4)


def test_the_prune_task_names_its_company() -> None:
    from apps.realtime import tasks

    with pytest.raises(context.TenantRequired):
        tasks.prune("")
