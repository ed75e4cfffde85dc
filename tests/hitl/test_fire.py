"""Approvals under fire: decided twice at once, lapsing while they are decided, links replayed, workers killed between
the approval and what follows. Each takes effect once or not at all, and the record says which.

`make test` does 40. `PMSYNC_TEST_APPROVALS=1000 pytest tests/hitl/test_fire.py` does 1,000.
"""

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now

from apps.ai.actions import Wish, propose
from apps.ai.models import Action, ActionState
from apps.compose.models import Draft, DraftState
from apps.core.problems import Problem
from apps.hitl import company, deciding, links
from apps.hitl.models import Approval, ApprovalState, Entry, Link
from apps.outbound.models import OPEN, Command
from apps.tenants import context
from apps.users.members import Member
from tests.compose.test_kills import Workers
from tests.hitl.fixtures import Board

pytestmark = [pytest.mark.dovecot, pytest.mark.serial]

APPROVALS: Final = int(os.environ.get("PMSYNC_TEST_APPROVALS", "40"))
AT_ONCE: Final = 8
FINAL: Final = {"approved", "rejected", "expired"}
LIFE: Final = 0.4
"""Seconds that a worker lives at most once it has begun something."""
MOST_DEATHS: Final = 10 + APPROVALS // 10


@dataclass
class Fire:
    """Two people, each approval of theirs at the same time."""

    board: Board
    colleague: Member
    rng: random.Random
    won: dict[UUID, list[str]] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    _held: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, approval: Approval, how: list[tuple[Member, str]], token: str | None, *, lapses: bool) -> None:
        """All decisions of one approval, as nearly at once as threads come."""
        together = threading.Barrier(len(how) + (3 if token else 0) + lapses)
        acts: list[Any] = [lambda one=one: self._by_person(approval, *one) for one in how]
        acts += [lambda: self._by_link(approval, token)] * (3 if token else 0)
        acts += [lambda: Approval.objects.filter(pk=approval.pk).update(expires_at=Now())] * lapses

        def run(act: Any) -> None:
            try:
                with context.open(self.board.desk.cast.tenant):
                    together.wait(30)
                    act()
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _by_person(self, approval: Approval, member: Member, decision: str) -> None:
        given = deciding.Given(decision, approval.digest)
        self._tell(approval, f"{decision} {member.user_id}", lambda: deciding.decide(member, approval.pk, given))

    def _by_link(self, approval: Approval, token: str | None) -> None:
        self._tell(approval, "link", lambda: links.decide(token or "", "approve", ""))

    def _tell(self, approval: Approval, who: str, act: Any) -> None:
        try:
            act()
        except Problem as refused:
            with self._held:
                self.lost[refused.code] += 1
        else:
            with self._held:
                self.won.setdefault(approval.pk, []).append(who)


def test_each_takes_effect_once_or_not_at_all(board: Board, tmp_path: Path) -> None:
    seed = int(os.environ.get("PMSYNC_TEST_SEED", APPROVALS))
    rng = random.Random(seed)
    desk = board.desk
    colleague, owner = board.delegate(), desk.member
    company.change(owner, {"letter_minutes": None})
    approvals = []
    for number in range(APPROVALS):
        args = {"to": [f"r{number}@x.example"], "subject": f"{number}", "text": "x"}
        approvals.append(propose(owner, desk.account, Wish("helper", "email.send", args, "", str(number))).approval)
    fire = Fire(board, colleague, rng)
    plans = []
    for approval in approvals:
        choice = rng.random()
        token = links.token(desk.cast.tenant, links.make(approval, owner.user_id)) if choice < 0.2 else None
        how = [(owner, rng.choice(("approve", "reject"))), (colleague, "approve")] if token is None else []
        plans.append((approval, how, token, choice > 0.85))
    workers = Workers(desk, tmp_path / "workers.log")
    over = threading.Event()

    def kill() -> None:
        """Each a moment after it has begun something, until there were deaths enough."""
        with context.open(desk.cast.tenant):
            begun = attempts()
            while workers.deaths < MOST_DEATHS and not over.wait(0.01):
                if attempts() == begun:
                    continue
                over.wait(rng.uniform(0.0, LIFE))
                workers.kill()
                begun = attempts()
        connection.close()

    killer = threading.Thread(target=kill)
    killer.start()
    begun = time.monotonic()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for one in [pool.submit(fire.decide, *plan[:3], lapses=plan[3]) for plan in plans]:
                one.result()
        decided = time.monotonic() - begun
        # What lapsed and was seen by nobody lapses by its command.
        until = time.monotonic() + 60 + APPROVALS * 4.0
        while Action.objects.filter(state__in=(ActionState.PROPOSED, ActionState.ALLOWED)).exists():
            assert time.monotonic() < until, list(Action.objects.values_list("state", "error"))
            time.sleep(0.05)
        over.set()
        killer.join()
        while Command.objects.filter(OPEN).exists():
            assert time.monotonic() < until, list(Command.objects.filter(OPEN).values("action", "state", "notes")[:20])
            time.sleep(0.05)
    finally:
        over.set()
        killer.join()
        workers.end()
    states = Counter(str(approval.state) for approval in Approval.objects.all())
    print(
        f"seed {seed}: {APPROVALS} approvals, {sum(fire.lost.values())} refused {dict(fire.lost)}, {dict(states)}, "
        f"{workers.deaths} deaths; decided in {decided:.1f} s"
    )
    judge(fire, [Approval.objects.select_related("action").get(pk=approval.pk) for approval in approvals])


def attempts() -> int:
    """How often a command was begun."""
    return int(Command.objects.aggregate(tries=Sum("attempts"))["tries"] or 0)


def judge(fire: Fire, approvals: list[Approval]) -> None:
    """Every approval has one end, one effect or none, and a record that says so."""
    sent = Counter(address for taken in fire.board.desk.sink.taken for address in taken.recipients)
    assert {address: count for address, count in sent.items() if count > 1} == {}, "sent twice"
    for approval in approvals:
        what = Counter(Entry.objects.filter(action_id=approval.action_id).values_list("what", flat=True))
        ends = {name: count for name, count in what.items() if name in FINAL}
        assert ends == {str(approval.state): 1}, "one end"
        address = approval.action.args["to"][0]["address"]
        drafts = Draft.objects.filter(to__contains=[{"address": address}])
        winners = fire.won.get(approval.pk, [])
        if approval.state == ApprovalState.APPROVED:
            assert approval.action.state == ActionState.DONE and what["done"] == 1, approval.action.error
            (draft,) = drafts
            # A worker that died while the message left cannot say whether it did: then a person decides.
            assert draft.state == (DraftState.SENT if sent[address] else DraftState.DOUBT) or (
                draft.state == DraftState.DOUBT and sent[address] == 1
            )
        else:
            assert sent[address] == 0 and not drafts.exists() and what["done"] == 0
        assert len(winners) == (approval.state != ApprovalState.EXPIRED), winners
        used = Link.objects.filter(approval=approval, used_at__isnull=False).count()
        assert used == what["link_used"] == ("link" in winners)
    assert set(fire.lost) <= {"already_decided", "expired", "link_lapsed"}, fire.lost


def test_a_worker_that_dies_after_the_draft_was_written_sends_it_once(board: Board) -> None:
    """The step outside the transaction was done; its worker died; another takes the action up."""
    from apps.ai.actions import kind

    approval = board.propose("email.send", {"to": ["bob@partner.example"], "subject": "x", "text": "x"})
    board.decide(approval)
    action = Action.objects.select_related("account").get()
    kind("email.send").ready(board.desk.member, action)
    assert Draft.objects.get().state == DraftState.EDITING
    board.work()
    action.refresh_from_db()
    assert action.state == ActionState.DONE and len(board.desk.sink.taken) == 1
    board.work()
    assert len(board.desk.sink.taken) == 1 and Draft.objects.count() == 1


def test_what_was_prepared_and_then_refused_leaves_nothing_behind(board: Board) -> None:
    from apps.ai.actions import kind

    approval = board.propose("email.send", {"to": ["bob@partner.example"], "subject": "x", "text": "x"})
    board.decide(approval)
    action = Action.objects.select_related("account").get()
    kind("email.send").ready(board.desk.member, action)
    company.change(board.desk.member, {"agents_on": False})
    with suppress(Problem):
        board.work()
    action.refresh_from_db()
    assert action.state == ActionState.REFUSED
    assert board.desk.sink.taken == [] and not Draft.objects.exists()
