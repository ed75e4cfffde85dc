"""Both sides at random while notifications come twice, out of order, late, or not at all: at the end mirror and
provider are equal, and nothing happened twice.

The machinery does only what it is told by notifications and by its own tasks; nobody polls until the end. `make soak`
takes 3,000 operations (PMSYNC_TEST_OPERATIONS) at each simulated provider, `make test` a few.
"""

import random
from dataclasses import dataclass
from typing import Final

from django.utils.timezone import now

from apps.outbound.models import OPEN, Command
from apps.providers.models import AccountStatus
from apps.sync import queues, targets
from apps.sync.models import Breaker, SyncTarget
from tests.cross.test_walk import FAULTY, OPERATIONS, Walk
from tests.fakes.google import Chaos
from tests.fakes.microsoft.notifications import Disorder
from tests.providers.clouds import GoogleSide
from tests.push.desk import Desk

WAYS: Final = (
    "as it should be", "twice", "out of order", "some lost", "all lost", "all at once", "our door shut", "broker lost",
)  # fmt: skip
SHARES: Final = {
    "twice": (1.0, 0.0, 0.0),
    "out of order": (0.0, 0.0, 0.7),
    "some lost": (0.0, 0.5, 0.0),
    "all lost": (0.0, 1.0, 0.0),
    "all at once": (0.4, 0.3, 0.5),
}
"""How many notifications come twice, not at all, and out of order."""
LIFECYCLE: Final = ("missed", "reauthorizationRequired", "subscriptionRemoved")


@dataclass
class ToldWalk(Walk):
    """A walk in which the provider tells what happened."""

    desk: Desk | None = None
    way: str = WAYS[0]

    def round(self) -> None:
        """What was told so far is done; from now on the way is another, and the provider itself may misbehave."""
        desk = self.desk
        assert desk is not None
        if self.rng.random() < FAULTY:
            self.done[self.stage.elsewhere.trouble(self.rng)] += 1
        self.open_commands()
        desk.arrived()
        if self.way == "broker lost":
            desk.queue.forget()
        self.minutes_pass()
        desk.queue.work(later=False)
        self.stage.elsewhere.calm()
        self.recover()
        self.choose(self.rng.choice(WAYS))
        if self.rng.random() < 0.1:
            self.lifecycle()

    def choose(self, way: str) -> None:
        """How notifications travel from here on."""
        desk, self.way = self.desk, way
        assert desk is not None
        self.done[f"notifications {way}"] += 1
        desk.front.down = way == "our door shut"
        twice, lost, mixed = SHARES.get(way, (0.0, 0.0, 0.0))
        seed = self.rng.randrange(1_000_000)
        if isinstance(desk.side, GoogleSide):
            desk.google.courier.misbehave(Chaos(seed=seed, duplicate=twice, drop=lost, reorder=mixed))
        else:
            desk.microsoft.courier.disorder = Disorder(
                seed=seed, duplicate=twice, drop=lost, reorder=mixed, echo=twice
            )  # fmt: skip

    def lifecycle(self) -> None:
        """A subscription is said to have missed something, to need renewal, or is gone with or without a word."""
        desk = self.desk
        assert desk is not None
        if isinstance(desk.side, GoogleSide):
            desk.google.gmail.watches.clear()
            self.done["watch gone without a word"] += 1
            return
        alive = desk.microsoft.subscriptions.active()
        if not alive:
            return
        one = self.rng.choice(alive).id
        event = self.rng.choice((*LIFECYCLE, "silent"))
        self.done[f"lifecycle {event}"] += 1
        if event in ("subscriptionRemoved", "silent"):
            desk.microsoft.subscriptions.lose(one, told=event != "silent")
        elif event == "reauthorizationRequired":
            desk.microsoft.subscriptions.require_reauthorization(one)
        else:
            desk.microsoft.subscriptions.tell_lifecycle(one, "missed")

    def open_commands(self) -> None:
        """Nobody waits for a retry."""
        Command.objects.filter(OPEN, account=self.stage.account).update(due_at=now(), not_before=None)
        mine = SyncTarget.objects.filter(account_id=self.stage.account.pk)
        mine.update(breaker=Breaker.CLOSED, breaker_until=None, is_active=True)

    def minutes_pass(self) -> None:
        """What was put off is due, and the sweep finds what was lost; it asks for nothing that nobody wanted."""
        long_ago = now() - 2 * targets.LOST_AFTER
        mine = SyncTarget.objects.filter(account_id=self.stage.account.pk)
        mine.filter(queued_at__isnull=False).update(queued_at=long_ago)
        mine.filter(kind=queues.OUTBOUND, due_at__isnull=False).update(due_at=long_ago)
        targets.sweep()

    def recover(self) -> None:
        """The person consents anew when the account waits for it."""
        self.stage.account.refresh_from_db()
        if self.stage.account.status != AccountStatus.ACTIVE:
            self.done["consented anew"] += 1
            self.stage.consent_again()

    def ends(self) -> None:
        """The way is good again, and what is due is renewed."""
        desk = self.desk
        assert desk is not None
        self.choose(WAYS[0])
        desk.due()
        for _ in range(5):
            self.open_commands()
            desk.arrived()
            self.minutes_pass()
            desk.queue.work(later=False)
        super().ends()


def test_both_sides_at_random_and_notifications_in_every_way(desk: Desk) -> None:
    walk = ToldWalk(desk.stage, random.Random(OPERATIONS), desk=desk)
    walk.run(OPERATIONS)
    walk.ends()
    assert set(desk.front.statuses) <= {200, 202, 204, 429}
    print(f"{desk.stage.name}: {walk.count} operations {dict(walk.done)}")
