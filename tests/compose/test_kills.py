"""Sends amid kill -9 and a server that hangs up at every step: none twice, none lost, each accounted for.

`make test` sends 60 messages. `PMSYNC_TEST_SENDS=500 pytest tests/compose/test_kills.py` sends 500.
"""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from apps.compose.models import Draft, DraftState
from apps.outbound import queue
from apps.outbound.models import OPEN, Command, State
from apps.providers.adapters import mime
from apps.sync.models import SyncTarget
from tests.compose.fixtures import Desk
from tests.fakes.smtp_sink import STAGES
from tests.watcher.processes import ROOT, variables

pytestmark = [pytest.mark.dovecot, pytest.mark.serial]

SENDS: Final = int(os.environ.get("PMSYNC_TEST_SENDS", "60"))
LIFE: Final = 4.0
"""How long a worker lives at most once it is at work: as long as so many commands take on this machine."""
UNDISTURBED: Final = 6
"""Commands carried out before the first death, to learn how long one takes."""
FAULTS: Final = 0.04
"""How often the server hangs up at each step."""
WITHIN: Final = 60 + SENDS * 4.0


class Workers:
    """One worker at a time, killed and born again."""

    def __init__(self, desk: Desk, log: Path) -> None:
        self._desk = desk
        with log.open("ab") as file:
            # A dead worker's slot of its host is free again within a minute: the tests do not wait for that.
            environment = variables() | {"IMAP_CONCURRENT_MAX": "10000"}
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "tests.compose.zygote", str(desk.cast.tenant.pk), str(desk.account.pk)],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True,
            )  # fmt: skip
        assert self._zygote.stdout is not None
        assert self._zygote.stdout.readline().strip() == "ready", log.read_text()[-3000:]
        self.deaths = 0
        self.pid = self._born()

    def _born(self) -> int:
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.write("go\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def kill(self) -> None:
        """SIGKILL, and another one at once. The dead one's lease is ended as the clock would end it."""
        os.kill(self.pid, signal.SIGKILL)
        self.deaths += 1
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.002)
        SyncTarget.objects.filter(account_id=self._desk.account.pk, kind=queue.KIND).update(lease_until=None)
        self.pid = self._born()

    def end(self) -> None:
        """All of them."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._zygote.stdout.close()


def test_random_deaths_lose_nothing_and_double_nothing(desk: Desk, tmp_path: Path) -> None:
    seed = int(os.environ.get("PMSYNC_TEST_SEED", SENDS))
    rng, weather = random.Random(seed), random.Random(seed + 1)
    for number in range(SENDS):
        made = desk.put(
            uuid.uuid4(), to=[{"name": "", "address": f"r{number}@partner.example"}], subject=f"Message {number}",
            html="<p>x</p>" * rng.choice((1, 50)),
        )  # fmt: skip
        desk.send(made)
    faults: Counter[str] = Counter()

    def fault(stage: str) -> bool:
        hit = weather.random() < FAULTS
        faults[stage] += hit
        return hit

    desk.sink.fault, desk.sink.latency = fault, 0.003
    workers = Workers(desk, tmp_path / "workers.log")
    try:
        until_settled(workers, rng, life=LIFE * pace())
        drafts = list(Draft.objects.all())
        states = Counter(draft.state for draft in drafts)
        counts = desk.sink.counts()
        assert len(drafts) == SENDS
        assert {key: count for key, count in counts.items() if count > 1} == {}, "a message was taken twice"
        for draft in drafts:
            taken = counts[f"<{draft.header_id}>"]
            assert draft.state in (DraftState.SENT, DraftState.DOUBT), (draft.state, draft.error)
            assert taken == 1 or draft.state == DraftState.DOUBT, f"lost: {draft.subject}"
        # The person decides each doubt rightly; then every message was taken exactly once.
        desk.sink.fault = lambda stage: False
        for draft in drafts:
            if draft.state == DraftState.DOUBT:
                decision = "was_sent" if counts[f"<{draft.header_id}>"] else "resend"
                path = f"/api/v1/drafts/{draft.pk}/resolve"
                assert desk.client.post(path, {"decision": decision}, format="json").status_code == 200
        until_settled(workers, rng)
    finally:
        workers.end()
    print(f"seed {seed}: {dict(states)}, {workers.deaths} deaths, faults {dict(faults)}")
    assert set(faults) == set(STAGES)
    assert set(desk.sink.counts().values()) == {1}
    assert len(desk.sink.taken) == SENDS
    assert set(Draft.objects.values_list("state", flat=True)) == {DraftState.SENT}
    # One copy in Sent of each, and nothing left in Drafts.
    copies = Counter(mime.parse(raw).message_id for raw in desk.raw("Sent"))
    assert copies == Counter(draft.header_id for draft in drafts)
    assert desk.raw("Drafts") == []


def pace() -> float:
    """Seconds that one command takes when nobody is killed."""
    begun = time.monotonic()
    while Command.objects.exclude(OPEN).exclude(state=State.CANCELLED).count() < UNDISTURBED:
        assert time.monotonic() < begun + WITHIN
        time.sleep(0.01)
    return (time.monotonic() - begun) / UNDISTURBED


def until_settled(workers: Workers, rng: random.Random, *, life: float = 0.0) -> None:
    """Let the workers work, and die after at most `life` seconds, until no command is open."""
    end = time.monotonic() + WITHIN
    next_death = time.monotonic() + rng.uniform(0.0, life)
    while Command.objects.filter(OPEN).exists():
        assert time.monotonic() < end, list(Command.objects.filter(OPEN).values("action", "state", "notes", "attempts"))
        if life and time.monotonic() > next_death:
            workers.kill()
            next_death = time.monotonic() + rng.uniform(0.0, life)
        time.sleep(0.02)
