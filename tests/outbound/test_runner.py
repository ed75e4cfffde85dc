"""The queue by itself: order, waiting, retries, ends, deaths; with a kind whose provider is a function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models import F

from apps.core.clock import now
from apps.outbound import pruning, queue, registry, requests, runner
from apps.outbound.models import Command, CommandRequest, State
from apps.outbound.queue import Wanted
from apps.outbound.run import InDoubt, Later, Run
from apps.providers.adapters.errors import (
    AdapterError,
    NeedsReconnect,
    PermissionMissing,
    ProviderDown,
    Rejected,
    Transient,
)
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime.journal import Event
from apps.sync import lease, operations, targets
from apps.sync.models import SyncTarget
from tests.sync import fixtures as engine
from tests.tenants.fixtures import Cast


@dataclass
class Scripted:
    """A kind of commands that does what the test says."""

    name: str = "scripted"
    answers: dict[str, Callable[[Run, Command], dict[str, Any]]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def execute(self, run: Run, command: Command) -> dict[str, Any]:
        answer = self.answers.get(command.action)
        return answer(run, command) if answer else {}

    def lock(self, account: ProviderAccount, command: Command) -> None: ...

    def settle(self, account: ProviderAccount, command: Command, receipt: dict[str, Any]) -> list[Event]:
        self.done.append(command.action)
        return []

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        self.failed.append(command.action)
        return []

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        self.failed.append(f"doubt: {command.action}")
        return []


def raising(error: Exception) -> Callable[[Run, Command], dict[str, Any]]:
    def answer(run: Run, command: Command) -> dict[str, Any]:
        raise error

    return answer


@pytest.fixture
def kind() -> Iterator[Scripted]:
    made = Scripted()
    registry.register(made)
    yield made
    registry._kinds.pop(made.name)


@pytest.fixture
def account(cast: Cast) -> Iterator[ProviderAccount]:
    with cast.inside():
        yield engine.account(cast.owner)


def put(account: ProviderAccount, *actions: str, objects: tuple[UUID, ...] = (), **fields: Any) -> list[Command]:
    with transaction.atomic():
        return queue.put(account, [Wanted("scripted", action, objects, **fields) for action in actions])


def work(account: ProviderAccount) -> SyncTarget:
    target = SyncTarget.objects.get(account_id=account.pk, kind="outbound")
    with lease.take(target.pk) as held:
        assert held is not None
        runner.run(held)
    target.refresh_from_db()
    return target


def test_commands_run_in_order_and_the_queue_sleeps_after_them(kind: Scripted, account: ProviderAccount) -> None:
    put(account, "one", "two", "three")
    target = work(account)
    assert kind.done == ["one", "two", "three"]
    assert target.due_at == queue.NEVER


def test_the_queue_is_no_sync(kind: Scripted, account: ProviderAccount) -> None:
    put(account, "one")
    assert list(operations.targets_of()) == []
    assert targets.request_account(SyncTarget.objects.get().tenant_id, account.pk, "user") == 0


def test_what_waits_holds_back_only_what_shares_an_object(kind: Scripted, account: ProviderAccount) -> None:
    mine, other = uuid4(), uuid4()
    put(account, "later", objects=(mine,), not_before=now() + timedelta(hours=1))
    put(account, "behind", objects=(mine, other))
    put(account, "free", objects=(uuid4(),))
    put(account, "behind both", objects=(other,))
    target = work(account)
    assert kind.done == ["free"]
    # What is behind is due already: looking for it before its turn would be looking without end.
    assert target.due_at == Command.objects.get(action="later").due_at
    Command.objects.filter(action="later").update(due_at=now())
    work(account)
    assert kind.done == ["free", "later", "behind", "behind both"]


def test_a_provider_that_is_down_holds_up_its_own_kind_only(kind: Scripted, account: ProviderAccount) -> None:
    other = Scripted("elsewhere")
    registry.register(other)
    kind.answers["one"] = raising(ProviderDown("gone"))
    put(account, "one", "two")
    with transaction.atomic():
        queue.put(account, [Wanted("elsewhere", "three")])
    target = work(account)
    registry._kinds.pop(other.name)
    assert (kind.done, other.done) == ([], ["three"])
    assert timedelta(seconds=3) < target.due_at - now() < timedelta(seconds=7)


def test_a_provider_that_is_down_is_tried_again_and_its_commands_are_left_alone(
    kind: Scripted, account: ProviderAccount
) -> None:
    kind.answers["one"] = raising(ProviderDown("gone"))
    put(account, "one", "two")
    target = work(account)
    assert (kind.done, kind.failed) == ([], [])
    assert timedelta(seconds=3) < target.due_at - now() < timedelta(seconds=7)
    assert (target.error_count, target.error_code) == (1, "provider_down")
    for _ in range(6):
        Command.objects.update(due_at=now())
        target = work(account)
    assert target.due_at - now() < timedelta(seconds=160)
    kind.answers.clear()
    Command.objects.update(due_at=now())
    target = work(account)
    assert kind.done == ["one", "two"]
    assert (target.error_count, target.error_code) == (0, "")


def test_a_passing_fault_of_one_command_lets_the_others_run(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(Transient("in use"))
    put(account, "one", "two")
    work(account)
    assert kind.done == ["two"]
    assert Command.objects.get(action="one").state == State.PENDING


def test_a_refusal_ends_the_command_and_nothing_else(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(Rejected("no"))
    put(account, "one", "two")
    work(account)
    assert (kind.failed, kind.done) == (["one"], ["two"])
    command = Command.objects.get(action="one")
    assert (command.state, command.error_code, command.error_reason) == (State.FAILED, "rejected", "no")


def test_a_log_in_that_stopped_working_waits_for_the_person(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(NeedsReconnect("wrong password"))
    put(account, "one")
    target = work(account)
    account.refresh_from_db()
    assert (account.status, target.is_active) == (AccountStatus.NEEDS_RECONNECT, False)
    kind.answers.clear()
    ProviderAccount.objects.update(status=AccountStatus.ACTIVE)
    account.refresh_from_db()
    with transaction.atomic():
        queue.wake(account)
    work(account)
    assert kind.done == ["one"]


def test_a_log_in_that_was_replaced_while_it_was_refused_stops_no_command(
    kind: Scripted, account: ProviderAccount
) -> None:
    def refused(run: Run, command: Command) -> dict[str, Any]:
        ProviderAccount.objects.filter(pk=account.pk).update(logins=F("logins") + 1)
        raise NeedsReconnect("wrong password")

    kind.answers["one"] = refused
    put(account, "one")
    target = work(account)
    account.refresh_from_db()
    assert (account.status, target.is_active) == (AccountStatus.ACTIVE, True)
    kind.answers.clear()
    work(account)
    assert kind.done == ["one"]


class Shut:
    """An opener of connections whose server lets nobody of this account in."""

    name = "shut"

    def open(self, account: ProviderAccount) -> Any:
        raise PermissionMissing("IMAP is switched off for this user", said="Ask your administrator.")


def test_not_being_let_in_ends_no_command(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = lambda run, command: dict(run.connection(Shut()))
    put(account, "one")
    target = work(account)
    account.refresh_from_db()
    assert (account.status, target.is_active) == (AccountStatus.NEEDS_RECONNECT, False)
    assert "Ask your administrator." in account.status_reason
    assert Command.objects.get().state == State.PENDING and not kind.failed


def test_a_provider_that_forbids_a_command_ends_it(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(PermissionMissing("the mailbox may only be read"))
    put(account, "one")
    work(account)
    account.refresh_from_db()
    assert (kind.failed, account.status) == (["one"], AccountStatus.ACTIVE)


def test_a_fault_of_ours_is_told_in_the_end(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(ZeroDivisionError())
    put(account, "one")
    for _ in range(runner.MOST_FAULTS):
        Command.objects.update(due_at=now())
        work(account)
    assert kind.failed == ["one"]


def test_doubt_is_left_to_a_person(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(InDoubt("Nobody knows."))
    (command,) = put(account, "one")
    work(account)
    command.refresh_from_db()
    assert (command.state, kind.failed) == (State.DOUBT, ["doubt: one"])
    kind.answers.clear()
    with transaction.atomic():
        queue.reopen(command)
    work(account)
    assert kind.done == ["one"]


def test_later_is_no_failure(kind: Scripted, account: ProviderAccount) -> None:
    kind.answers["one"] = raising(Later(0.5, "not yet"))
    put(account, "one")
    target = work(account)
    assert target.error_count == 0
    assert timedelta(0) < target.due_at - now() < timedelta(seconds=1)


def test_a_command_that_begins_can_no_longer_be_taken_back(kind: Scripted, account: ProviderAccount) -> None:
    one, two = put(account, "one", "two")
    seen: list[list[UUID]] = []

    def answer(run: Run, command: Command) -> dict[str, Any]:
        seen.append(queue.cancel([one.pk, two.pk]))
        return {}

    kind.answers["one"] = answer
    work(account)
    assert seen == [[two.pk]]
    assert kind.done == ["one"]


def test_a_worker_that_died_leaves_its_command_to_the_next_with_its_notes(
    kind: Scripted, account: ProviderAccount
) -> None:
    (command,) = put(account, "one")
    Command.objects.update(state=State.EXECUTING, attempts=1, notes={"step": 1})
    seen: list[tuple[dict[str, Any], int]] = []

    def answer(run: Run, command: Command) -> dict[str, Any]:
        seen.append((command.notes, command.attempts))
        run.note(command, step=2)
        assert Command.objects.get(pk=command.pk).notes == {"step": 2}
        return {"uid": 7}

    kind.answers["one"] = answer
    work(account)
    command.refresh_from_db()
    assert seen == [({"step": 1}, 2)]
    assert (command.state, command.receipt) == (State.DONE, {"uid": 7})


def test_a_runner_that_was_overtaken_closes_nothing(kind: Scripted, account: ProviderAccount) -> None:
    put(account, "one")

    def answer(run: Run, command: Command) -> dict[str, Any]:
        SyncTarget.objects.filter(kind="outbound").update(lease_fence=99)
        return {}

    kind.answers["one"] = answer
    work(account)
    assert kind.done == []
    assert Command.objects.get().state == State.EXECUTING


def test_the_sweep_finds_what_a_dead_worker_left_and_what_is_overdue(
    kind: Scripted, account: ProviderAccount, settings: Any
) -> None:
    settings.EMAIL_SYNC_ENABLED = False
    put(account, "one")
    past = now() - timedelta(minutes=5)
    SyncTarget.objects.update(wanted_at=None, queued_at=past, due_at=past)
    assert targets.sweep() == 1
    SyncTarget.objects.update(wanted_at=None, queued_at=past, due_at=queue.NEVER, lease_until=past)
    assert targets.sweep() == 1
    SyncTarget.objects.update(wanted_at=None, queued_at=past, due_at=queue.NEVER, lease_until=None)
    assert targets.sweep() == 0


def test_a_request_counts_its_commands(kind: Scripted, account: ProviderAccount, cast: Cast) -> None:
    request = CommandRequest.objects.create(key="k", by_user=cast.owner.user_id, action="star", total=3)
    kind.answers["two"] = raising(Rejected("no"))
    wanted = [Wanted("scripted", "one", (uuid4(), uuid4())), Wanted("scripted", "two", (uuid4(),))]
    with transaction.atomic():
        queue.put(account, wanted, request)
    work(account)
    request.refresh_from_db()
    assert (request.done, request.failed, request.state) == (2, 1, "done")
    assert requests.as_json(request)["total"] == 3


def test_old_commands_are_forgotten_and_doubt_is_not(kind: Scripted, account: ProviderAccount) -> None:
    put(account, "one", "two", "three")
    Command.objects.update(finished_at=now() - timedelta(days=31), state=State.DONE)
    Command.objects.filter(action="two").update(state=State.DOUBT)
    Command.objects.filter(action="three").update(finished_at=now())
    assert pruning.prune() == 1
    assert set(Command.objects.values_list("action", flat=True)) == {"two", "three"}
