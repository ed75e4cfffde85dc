"""Acts on mail amid kill -9 and another client: each takes effect exactly once, and the mirror ends equal.

At a server with MOVE, UIDPLUS and QRESYNC, and at one that has none of them, where a move is a copy, a
mark and an expunge with room to die between each.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from django.db.models import Sum

from apps.core.problems import Problem
from apps.mail.commands import service
from apps.mail.models import Message, Placement
from apps.outbound import queue
from apps.outbound.models import OPEN, Command, State
from apps.sync.models import SyncTarget
from tests.imap.dovecot import Dovecot
from tests.mail.desk import Desk, desk
from tests.mail.fixtures import eml
from tests.tenants.fixtures import Cast
from tests.watcher.processes import ROOT, variables

pytestmark = [pytest.mark.dovecot, pytest.mark.serial]

COMMANDS: Final = int(os.environ.get("PMSYNC_TEST_COMMANDS", "60"))
OURS: Final = 12
"""Messages that the other client labels and otherwise leaves alone: where they end is known."""
THEIRS: Final = 12
MOST_DEATHS: Final = 30
EVEN: Final = 120.0
"""Seconds within which all must be carried out when nothing dies any more."""
MADE: Final = 30.0
"""Seconds within which a mailbox that an act had made is known."""
LIFE: Final = (0.0, 0.3)
"""Seconds that a worker lives after it has begun its first command."""
SERVERS: Final = {"full": "", "bare": "IMAP4rev1 LITERAL+ SASL-IR ID NAMESPACE UNSELECT"}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        with Dovecot.start(Path(folder) / "faults", SERVERS[request.param]) as running:
            yield running


class Workers:
    """One worker at a time, killed and born again."""

    def __init__(self, one: Desk, zygote: "subprocess.Popen[str]") -> None:
        self._desk, self._zygote = one, zygote
        self.deaths = 0
        self._rng = random.Random(COMMANDS)
        self._due: float | None = None
        self._begun = self._attempts()
        self.pid = self._born()

    def perhaps_kill(self) -> None:
        """Kill it, when it has begun something and its time has come."""
        moment = time.monotonic()
        if self._due is None and self._attempts() > self._begun:
            self._due = moment + self._rng.uniform(*LIFE)
        if self._due is not None and moment >= self._due:
            self.kill()

    def _attempts(self) -> int:
        return int(Command.objects.aggregate(tries=Sum("attempts"))["tries"] or 0)

    def _born(self) -> int:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write("go\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def kill(self) -> None:
        """SIGKILL, and another one at once. The dead one's lease is ended as the clock would end it."""
        self.bury()
        self.deaths += 1
        self._due, self._begun = None, self._attempts()
        SyncTarget.objects.filter(account_id=self._desk.account.pk, kind=queue.KIND).update(lease_until=None)
        self.pid = self._born()

    def bury(self) -> None:
        """SIGKILL, until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.002)


@contextmanager
def workers(one: Desk, log: Path) -> Iterator[Workers]:
    # Each death leaves its place under the host's limit taken for a minute: they are to be many.
    environment = variables() | {"IMAP_CONCURRENT_MAX": "1000"}
    with log.open("ab") as file:
        zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.compose.zygote", str(one.member.tenant.pk), str(one.account.pk)],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True,
        )  # fmt: skip
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    assert zygote.stdout.readline().strip() == "ready", log.read_text()[-3000:]
    living = Workers(one, zygote)
    try:
        yield living
    finally:
        living.bury()
        zygote.stdin.close()
        zygote.wait(10)
        zygote.stdout.close()


class Person:
    """Acts at random, and knows how the messages that are only theirs must end."""

    def __init__(self, one: Desk, rng: random.Random) -> None:
        self._desk, self._rng = one, rng
        messages = list(Message.objects.order_by("subject").values_list("pk", "subject"))
        self.all = [pk for pk, _ in messages]
        self.mine = {pk for pk, subject in messages if subject.startswith("Mine")}
        self.box = dict.fromkeys(self.mine, "INBOX")
        self.flags: dict[UUID, set[str]] = {pk: set() for pk in self.mine}
        self.keys: list[str] = []

    def act(self) -> None:
        """One act on one to three messages; now and then it is taken back, or sent twice."""
        action = self._rng.choice(("read", "unread", "star", "unstar", "trash", "inbox", "archive", "move"))
        some = self._rng.sample(self.all, self._rng.choice((1, 1, 2, 3)))
        key = str(UUID(int=self._rng.getrandbits(128)))
        to: dict[str, Any] = {"to_mailbox_id": self._desk.box("Sent").pk} if action == "move" else {}
        answer = self._desk.do(action, messages=some, key=key, **to)
        if self._rng.random() < 0.1:
            assert self._desk.do(action, messages=some, key=key, **to)["id"] == answer["id"]
        if self._rng.random() < 0.1 and answer["total"]:
            self._take_back(UUID(answer["id"]))
        self._recall(some)

    def _take_back(self, request_id: UUID) -> None:
        """As a person does: where a mailbox is only being made, they are asked to try again, and do."""
        until = time.monotonic() + MADE
        while True:
            try:
                service.undo(self._desk.member, request_id)
            except Problem as problem:
                if "only being made" not in str(problem.detail) or time.monotonic() > until:
                    raise
                time.sleep(0.2)
                self._desk.sync()
            else:
                return

    def _recall(self, some: list[UUID]) -> None:
        """What is seen after an act is what must be so in the end."""
        for pk in set(some) & self.mine:
            self.flags[pk] = set(Message.objects.get(pk=pk).flags) - {"theirs"}
            boxes = Placement.objects.filter(message=pk, leaving__isnull=True).values_list(
                "mailbox__remote_id", flat=True
            )
            self.box[pk] = next(iter(boxes), "Archive")  # it is not there yet: the mailbox is only being made


def other_client(one: Desk, rng: random.Random) -> None:
    """One act of somebody else's."""
    box = rng.choice(("INBOX", "Sent", "Trash"))
    with one.other(box) as client:
        theirs = client.uid("SEARCH", "SUBJECT", "Theirs")[1][0].split()
        everything = client.uid("SEARCH", "ALL")[1][0].split()
        if everything and rng.random() < 0.5:
            client.uid("STORE", rng.choice(everything), "+FLAGS", "(theirs)")
        elif theirs and rng.random() < 0.7:
            uid = rng.choice(theirs)
            client.uid("COPY", uid, rng.choice(("INBOX", "Sent", "Trash")))
            client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
            client.expunge()
        elif theirs:
            client.uid("STORE", rng.choice(theirs), "+FLAGS", "(\\Deleted)")  # and leaves it so


def test_acts_amid_deaths_take_effect_once(cast: Cast, server: Dovecot, tmp_path: Path) -> None:
    rng = random.Random(COMMANDS)
    letters = [eml(number, f"Mine {number:02}") for number in range(OURS)]
    letters += [eml(100 + number, f"Theirs {number:02}") for number in range(THEIRS)]
    begun = time.monotonic()
    with desk(cast, server, *letters) as one:
        person = Person(one, rng)
        person.act()
        with workers(one, tmp_path / "workers.log") as living:
            for step in range(COMMANDS):
                person.act()
                if step % 5 == 0:
                    other_client(one, rng)
                if step % 11 == 0:
                    one.sync()
                living.perhaps_kill()
            until = time.monotonic() + EVEN
            while Command.objects.filter(OPEN).exists() and time.monotonic() < until:
                if living.deaths < MOST_DEATHS:
                    living.perhaps_kill()
                one.sync()
            deaths = living.deaths
        assert not Command.objects.filter(OPEN).exists(), list(Command.objects.filter(OPEN).values())
        SyncTarget.objects.filter(kind=queue.KIND).update(lease_until=None)
        one.finish()
        one.sync()
        print(f"{COMMANDS} acts, {deaths} deaths, {time.monotonic() - begun:.1f} s")
        assert one.differences() == ()
        assert one.books() == []
        assert set(Command.objects.values_list("state", flat=True)) <= {State.DONE, State.CANCELLED}
        there: Counter[str] = Counter()
        for name in ("INBOX", "Sent", "Trash", "Archive"):
            with one.other(name) as client:
                for uid in client.uid("SEARCH", "ALL")[1][0].split() if client.state == "SELECTED" else ():
                    header = client.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1]
                    there[header.decode().split(":", 1)[1].strip()] += 1
        assert {subject: count for subject, count in there.items() if count != 1} == {}
        assert len([subject for subject in there if subject.startswith("Mine")]) == OURS
        for pk in person.mine:
            assert one.flags(pk) - {"theirs"} == person.flags[pk], Message.objects.get(pk=pk).subject
            boxes = Placement.objects.filter(message=pk).values_list("mailbox__remote_id", flat=True)
            assert list(boxes) == [person.box[pk]], Message.objects.get(pk=pk).subject
        assert deaths > 5
