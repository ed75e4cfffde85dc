"""Both sides change everything at random while the provider misbehaves: at the end mirror and provider are equal, and
nothing happened twice.

Here both are polled; `tests/push/test_walk.py` is the same walk with notifications, and the one that `make test` takes.
`make soak` takes 3,000 operations (PMSYNC_TEST_OPERATIONS) at each simulated provider.
"""

import os
import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest
from django.utils.timezone import now

from apps.calendar.models import Event
from apps.compose.models import Draft, DraftState
from apps.contacts.models import Contact
from apps.core.redis import client as redis_client
from apps.mail.models import Mailbox, Message
from apps.outbound import runner
from apps.outbound.models import OPEN, Command
from apps.providers.models import AccountStatus
from apps.sync import lease, operations, runs
from apps.sync.models import Breaker, SyncTarget
from tests.cross.stages import START, Stage, letter, new_message_id
from tests.fakes.google.refusals import Refusal
from tests.tenants.fixtures import Make

OPERATIONS: Final = int(os.environ.get("PMSYNC_TEST_OPERATIONS", "60"))
FAULTY: Final = 0.25
"""Of the rounds with the provider, the share in which something goes wrong."""
MAIL_ACTS: Final = ("read", "unread", "star", "unstar", "archive", "trash", "inbox", "junk", "not_junk")


@dataclass
class Walk:
    """One account, and what both sides did."""

    stage: Stage
    rng: random.Random
    count: int = 0
    done: Counter[str] = field(default_factory=Counter)
    letters: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    def run(self, operations_: int) -> None:
        """So many operations, with rounds of the machinery between them."""
        ours = (
            self.mail,
            self.mail,
            self.mail,
            self.event,
            self.edit_event,
            self.contact,
            self.edit_contact,
            self.send,
        )
        theirs = (
            self.arrives, self.arrives, self.handled, self.handled, self.event_there, self.edit_event_there,
            self.contact_there, self.edit_contact_there,
        )  # fmt: skip
        while self.count < operations_:
            if self.count % 5 == 0:
                self.hours_pass()
            if self.count % 500 == 0:
                self.stage.client = Make().client(self.stage.cast.owner)  # signed in anew
            act: Callable[[], bool] = self.rng.choice(ours + theirs)
            if act():
                self.count += 1
                self.done[act.__name__] += 1
            if self.rng.random() < 0.35:
                self.round()
            if self.rng.random() < 0.01:
                self.stage.elsewhere.expire_cursors()
                self.done["cursors expired"] += 1

    def hours_pass(self) -> None:
        """What takes people days is done in minutes: budgets are full again, here and at the provider."""
        for key in redis_client().scan_iter("pmsync:budget:*"):
            redis_client().delete(key)
        self.stage.elsewhere.hours_pass()

    # Ours

    def ask(self, method: str, path: str, body: Any) -> bool:
        """An act that may come too late."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = getattr(self.stage.client, method)(f"/api/v1/{path}", body, format="json", headers=headers)
        assert answer.status_code in (202, 404, 409, 422), answer.content
        return bool(answer.status_code == 202)

    def mail(self) -> bool:
        ids = list(Message.objects.filter(orphaned_at=None, placements__leaving=None).values_list("pk", flat=True))
        if not ids:
            return False
        some = [str(one) for one in self.rng.sample(ids, min(len(ids), self.rng.choice((1, 1, 3))))]
        return self.ask("post", "commands", {"action": self.rng.choice(MAIL_ACTS), "messages": some})

    def send(self) -> bool:
        self.stage.send(f"Sent {self.count}")
        return True

    def event(self) -> bool:
        place = self.stage.get("calendars")["items"]
        writable = [each["id"] for each in place if each["writable"]]
        if not writable:
            return False
        start = START + timedelta(hours=self.rng.randrange(100))
        body = {"collection_id": writable[0], "title": self.named("E"), "start": at(start), "end": at(start, 1)}
        return self.ask("post", "events", body)

    def _event(self) -> Any:
        return self.rng.choice(list(Event.objects.filter(leaving=None, refused="")) or [None])

    def edit_event(self) -> bool:
        row = self._event()
        if row is None:
            return False
        if self.rng.random() < 0.2:
            return self.ask("delete", f"events/{row.pk}", {})
        return self.ask("patch", f"events/{row.pk}", {"location": f"Room {self.count}"})

    def contact(self) -> bool:
        books = [each["id"] for each in self.stage.get("address-books")["items"] if each["writable"]]
        if not books:
            return False
        name = {"given": "Our", "family": self.named("P")}
        return self.ask("post", "contacts", {"collection_id": books[0], "name": name})

    def edit_contact(self) -> bool:
        row = self.rng.choice(
            list(Contact.objects.filter(leaving=None, refused="", collection__writable=True)) or [None]
        )
        if row is None:
            return False
        if self.rng.random() < 0.2:
            return self.ask("delete", f"contacts/{row.pk}", {})
        return self.ask("patch", f"contacts/{row.pk}", {"title": f"Title {self.count}"})

    # Theirs

    def arrives(self) -> bool:
        self.letters.append(new_message_id())
        self.stage.elsewhere.deliver(letter(f"Letter {self.count}", self.letters[-1]))
        return True

    def handled(self) -> bool:
        if not self.letters:
            return False
        one = self.rng.choice(self.letters)
        match self.rng.randrange(6):
            case 0 | 1:
                return tried(lambda: self.stage.elsewhere.read(one))
            case 2 | 3 | 4:
                role = self.rng.choice(("inbox", "archive", "trash"))
                return tried(lambda: self.stage.elsewhere.file(one, role))
            case _:
                self.letters.remove(one)
                return tried(lambda: self.stage.elsewhere.erase(one))

    def event_there(self) -> bool:
        self.events.append(self.named("F"))
        self.stage.elsewhere.add_event(self.events[-1], START + timedelta(hours=self.rng.randrange(100)))
        return True

    def edit_event_there(self) -> bool:
        if not self.events:
            return False
        title = self.rng.choice(self.events)
        self.events.remove(title)
        if self.rng.random() < 0.3:
            return tried(lambda: self.stage.elsewhere.drop_event(title))
        self.events.append(self.named("F"))
        return tried(lambda: self.stage.elsewhere.retitle_event(title, self.events[-1]))

    def contact_there(self) -> bool:
        self.people.append(self.named("Q"))
        self.stage.elsewhere.add_contact("Their", self.people[-1])
        return True

    def edit_contact_there(self) -> bool:
        if not self.people:
            return False
        last = self.rng.choice(self.people)
        self.people.remove(last)
        if self.rng.random() < 0.3:
            return tried(lambda: self.stage.elsewhere.drop_contact(last))
        self.people.append(self.named("Q"))
        return tried(lambda: self.stage.elsewhere.rename_contact(last, self.people[-1]))

    def named(self, letter_: str) -> str:
        """A name that nothing had before."""
        self.done["names"] += 1
        return f"{letter_}{self.done['names']:05}"

    # The machinery

    def round(self) -> None:
        """Carry out some of what waits, or sync one kind; perhaps something goes wrong on the way."""
        if self.rng.random() < FAULTY:
            self.done[self.stage.elsewhere.trouble(self.rng)] += 1
        if self.rng.random() < 0.5:
            self.work()
        else:
            self.sync(self.rng.choice(operations.targets_of([self.stage.account.pk])))
        self.stage.elsewhere.calm()
        self.stage.account.refresh_from_db()
        if self.stage.account.status != AccountStatus.ACTIVE:
            self.done["consented anew"] += 1
            self.stage.consent_again()

    def work(self) -> None:
        waiting = Command.objects.filter(OPEN, account=self.stage.account)
        if not waiting.exists():
            return
        waiting.update(due_at=now(), not_before=None)
        queue = SyncTarget.objects.get(account_id=self.stage.account.pk, kind="outbound")
        SyncTarget.objects.filter(pk=queue.pk).update(lease_until=None, is_active=True)
        with lease.take(queue.pk) as held:
            assert held is not None
            runner.run(held)

    def sync(self, target: SyncTarget) -> None:
        SyncTarget.objects.filter(pk=target.pk).update(breaker=Breaker.CLOSED, breaker_until=None, is_active=True)
        with lease.take(target.pk) as held:
            if held is not None:
                runs.catch_up(held)

    def ends(self) -> None:
        """Nothing goes wrong any more: everything is even, and there once."""
        self.hours_pass()
        for _ in range(5):
            self.work()
            for target in operations.targets_of([self.stage.account.pk]):
                self.sync(target)
        SyncTarget.objects.filter(account_id=self.stage.account.pk).update(error_code="", breaker=Breaker.CLOSED)
        self.stage.settle()
        self.decide()
        sent = Counter(self.stage.elsewhere.sent())
        assert not [one for one, times in sent.items() if times > 1], "a message was sent twice"
        assert len(sent) == self.done["send"], "each message was sent"
        once(Event.objects.values_list("title", flat=True), "event")
        once(Contact.objects.values_list("name", flat=True), "contact")
        once(Message.objects.filter(orphaned_at=None).values_list("message_id", flat=True), "message")
        assert Mailbox.objects.filter(account=self.stage.account, missing_since__isnull=False).count() == 0

    def decide(self) -> None:
        """The person looks into their Sent mailbox for what nobody else can tell, and says so."""
        for draft in Draft.objects.filter(account=self.stage.account, state__in=(DraftState.DOUBT, DraftState.FAILED)):
            self.done[f"left in {draft.state}"] += 1
            assert draft.state == DraftState.DOUBT, draft.error
            there = draft.header_id in self.stage.elsewhere.sent()
            decision = "was_sent" if there else "resend"
            answer = self.stage.client.post(
                f"/api/v1/drafts/{draft.pk}/resolve", {"decision": decision}, format="json"
            )  # fmt: skip
            assert answer.status_code in (200, 202), answer.content
        self.stage.settle()


def once(names: Any, what: str) -> None:
    """Nothing of these is there twice."""
    assert [name for name, times in Counter(names).items() if times > 1] == [], f"an {what} is there twice"


def tried(act: Callable[[], None]) -> bool:
    """Whether another client could do it: what it is about may be gone."""
    try:
        act()
    except (AssertionError, StopIteration, Refusal):
        return False
    return True


def at(moment: Any, hours: int = 0) -> dict[str, str]:
    return {"at": f"{moment + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}", "zone": "Europe/Rome"}


@pytest.mark.soak
@pytest.mark.parametrize("stage", ["google", "microsoft"], indirect=True)
def test_both_sides_at_random_while_the_provider_misbehaves(stage: Stage) -> None:
    walk = Walk(stage, random.Random(OPERATIONS))
    stage.sync()
    walk.run(OPERATIONS)
    walk.ends()
    print(f"{stage.name}: {walk.count} operations {dict(walk.done)}")
