"""How well what is open between people is found in the labelled threads. `python -m tests.bench.bench_followups`

One JSON line for each figure, on `develop` (the rules were made with it) and `held_out` (nobody looked at it). The
baseline of all is the plain rule: a question mark in the newest message. The rules stand by themselves; the lines
`with_fake` send every thread through the whole path (mirror, prompt, ChatMistralAI, rows), where the fake of the
Mistral API answers by plain rules of its own that were written beside these threads: they show what the path does to
an answer, and are no measure of a model.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from tests.bench import installation
from tests.bench.results import show
from tests.followups import scoring
from tests.followups.corpus import Split, Thread, threads
from tests.followups.letters import letters, sent_by_me
from tests.followups.scoring import Guess

SPLITS: Final[tuple[Split, ...]] = ("develop", "held_out")
NOTES: Final = {
    "rules": "rules alone, no model; baseline: a question mark in the newest message",
    "with_fake": "rules, and the fake's plain reader as the model: shows the path, measures no model; same baseline",
}


def main() -> None:
    """Score the rules, then the whole path in an installation of its own."""
    for split in SPLITS:
        started = time.perf_counter()
        guessed = [scoring.rules(one) for one in threads(split)]
        spent = (time.perf_counter() - started) * 1000 / len(guessed)
        figures("rules", split, guessed)
        show("followups_rules_ms", spent, "ms/thread", None, len(guessed), f"{split}: parsing and judging")
    with installation.durable():
        through_it_all()


def figures(way: str, split: Split, guessed: Sequence[Guess]) -> None:
    """The lines of one way on one part of the set."""
    plainly = [scoring.plain(one.thread) for one in guessed]
    note = f"{split}; {NOTES[way]}"
    for side in scoring.SIDES:
        for name, measure in (("precision", scoring.precision), ("recall", scoring.recall)):
            count = sum(one.thread.labels.turn == scoring.SIDES[side] for one in guessed)
            show(f"followups_{way}_{side}_{name}", measure(guessed, side), "share", measure(plainly, side), count, note)
    total = len(guessed)
    show(f"followups_{way}_turn", scoring.accuracy(guessed), "share", scoring.accuracy(plainly), total, note)
    seen = sum(one.turn == one.thread.labels.turn != "nothing" for one in guessed)
    show(f"followups_{way}_deadline", scoring.deadlines(guessed), "share", None, seen, f"{note}; exact to the day")


def through_it_all() -> None:
    """Every thread in a mailbox of its own, read as a worker would."""
    from django.conf import settings

    from apps.ai.model import access
    from apps.tenants import context, provisioning
    from apps.users import members, people
    from apps.users.models import Role
    from tests.fakes.mistral.server import MistralApi

    tenant = provisioning.create("bench", "Bench", "standard")
    with MistralApi() as api:
        settings.MISTRAL_API_KEY, settings.PMSYNC_MISTRAL_URL = api.key, api.url
        settings.PMSYNC_AI_DAILY_TOKENS = 10**9
        for split in SPLITS:
            guessed: list[Guess] = []
            took: list[float] = []
            extracted: list[tuple[int, int, int]] = []
            for number, thread in enumerate(threads(split)):
                zone = str(thread.zone)
                user = people.create_person(f"{split.replace('_', '')}{number}@bench.example", "Me", timezone=zone)
                people.join(tenant, user, Role.MEMBER)
                member = members.of(user, tenant)
                assert member is not None
                with context.open(tenant):
                    started = time.perf_counter()
                    guess, found = read(thread, member)
                    took.append((time.perf_counter() - started) * 1000)
                guessed.append(guess)
                extracted.append(found)
            figures("with_fake", split, guessed)
            events(split, extracted)
            show("followups_with_fake_ms", statistics.median(took), "ms/thread", None, len(took), f"{split}: median")
        access.close()


def events(split: Split, extracted: Sequence[tuple[int, int, int]]) -> None:
    """Precision and recall of the events that the answers held."""
    right, said, true = (sum(one[at] for one in extracted) for at in range(3))
    note = f"{split}; days of events in the answers; {NOTES['with_fake'].partition(';')[0]}"
    show("extraction_with_fake_event_precision", right / said if said else 0.0, "share", None, said, note)
    show("extraction_with_fake_event_recall", right / true if true else 0.0, "share", None, true, note)


def read(thread: Thread, member: Any) -> tuple[Guess, tuple[int, int, int]]:
    """What the path makes of a thread: the turn that its rows say, and (right, said, true) days of events."""
    import time_machine

    from apps.ai import consent
    from apps.ai.followups.models import FollowUp
    from apps.ai.model import keeping
    from apps.ai.model.models import ModelCall
    from apps.ai.reading import reader
    from apps.ai.reading.models import Reading
    from apps.ai.reading.shapes import Understanding, when
    from apps.mail.models import Message
    from tests.mail import fixtures
    from tests.mail.fixtures import record

    with fixtures.box(member) as box, time_machine.travel(thread.now, tick=True):
        box.account.address = thread.address
        box.account.save()
        consent.set_by(member, box.account.pk, reading=True, drafting=False)
        ids: list[str] = []
        for number, (message, octets) in enumerate(letters(thread), 1):
            item = replace(record(number, octets, identity=f"{thread.id}:{number}"), internal_date=message.date)
            box.arrive(item, mailbox="Sent" if sent_by_me(thread, message) else "INBOX")
            if message in thread.messages:
                ids.append(f"{thread.id}:{number}")
        newest = Message.objects.get(account=box.account, identity=ids[-1])
        reader.read(Reading.objects.create(message=newest, account=box.account))
        rows = list(FollowUp.objects.filter(account=box.account, thread_id=newest.thread_id, state="open"))
        call = ModelCall.objects.filter(account=box.account, outcome="ok").first()
        told = keeping.content(call) if call else None
    said = Understanding.model_validate_json(told["output"]).events if told else []
    days = {str(found)[:10] for one in said if (found := when(one.start, thread.zone)) is not None}
    true = {str(one.start)[:10] for one in thread.labels.events}
    mine = [row for row in rows if row.mine]
    turn = "waiting_on_me" if mine else "waiting_on_them" if rows else "nothing"
    due = min((row.due_at or row.due_on for row in mine or rows if row.due_at or row.due_on), key=str, default=None)
    assert isinstance(newest.pk, UUID)
    return Guess(thread, turn, due), (len(days & true), len(days), len(true))


if __name__ == "__main__":
    main()
