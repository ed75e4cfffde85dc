"""How soon a change at Google or Microsoft is a visible row: told by a notification, and when none comes.
`make bench-push`

The web process, the workers, beat and the watcher run as in the demo, beside simulations of both providers that call
our webhooks. Another client changes something at the provider, one change at a time; the clock stops when the row is
committed and a second connection sees it. One JSON line for each surface, p50 and p99.

With push broken the notifications are lost on their way. What a change then waits for is the scheduler, whose interval
is not sat out: where in the interval the change fell is drawn by lot from the scheduler's own interval, and the rest is
measured, from the moment at which the target is due to the visible row, the beat's ticks included.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from pmsync.private.home import free_port
from tests.bench import installation
from tests.bench.results import quantile, show

GOAL_MS: Final = 5000.0
"""The blueprint's: one to five seconds with webhooks."""
LOOK: Final = 0.004
PATIENCE: Final = 90.0
APART: Final = (0.3, 0.8)


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=60, help="of each surface (default 60)")
    parser.add_argument("--broken", type=int, default=10, help="changes of each provider's mail without push")
    options = parser.parse_args()
    os.environ["PMSYNC_PUBLIC_URL"] = f"http://127.0.0.1:{(port := free_port())}"
    with installation.durable() as folder:
        measure(folder, port, options.changes, options.broken)


def measure(folder: Path, port: int, changes: int, broken: int) -> None:
    """Connect an account at each provider, then change things there."""
    from django.conf import settings

    from apps.core.redis import client
    from tests.cross.stages import cloud_stage
    from tests.fakes.certificates import Authority
    from tests.providers.clouds import google, microsoft
    from tests.push.desk import PUSHER, SUBSCRIPTION, TOPIC, Desk, Front, Queue
    from tests.tenants.fixtures import Make

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]  # the consent is given in this process
    authority = Authority(folder / "certificates")
    hook = f"{settings.PMSYNC_PUBLIC_URL}/api/webhooks/gmail-pubsub"
    settings.GMAIL_PUBSUB_TOPIC, settings.GMAIL_PUBSUB_SUBSCRIPTION = TOPIC, SUBSCRIPTION
    settings.GMAIL_PUBSUB_ACCOUNT, settings.GMAIL_PUBSUB_AUDIENCE = PUSHER, hook
    with ExitStack() as stack:
        at_google = stack.enter_context(google(settings))
        at_microsoft = stack.enter_context(microsoft(settings, authority))
        at_google.google.channels.allows_http = at_google.google.pubsub.allows_http = True
        at_google.google.gmail.pushes_per_second = 0
        at_google.google.pubsub.topic(TOPIC)
        at_google.google.pubsub.subscribe(SUBSCRIPTION, TOPIC, hook, PUSHER, hook)
        at_microsoft.microsoft.behaviour.plain_callbacks = True
        names = [name for name in dir(settings) if name.startswith(("GOOGLE_", "MICROSOFT_CLIENT", "PMSYNC_SIMULATED"))]
        names += ["GMAIL_PUBSUB_TOPIC", "GMAIL_PUBSUB_SUBSCRIPTION", "GMAIL_PUBSUB_ACCOUNT"]
        stack.enter_context(processes(folder, port, {name: str(getattr(settings, name)) for name in names}))
        client().ping()
        make = Make()
        for side in (at_google, at_microsoft):
            with cloud_stage(make, make.tenant(), side) as stage:
                desk = Desk(stage, side, Front(url=settings.PMSYNC_PUBLIC_URL), Queue())
                wait(lambda desk=desk: all(desk.target(name).push_until for name in desk.surfaces))  # type: ignore[misc]
                told(desk, changes)
                untold(desk, broken)
        make.tidy()


@contextmanager
def processes(folder: Path, port: int, variables: dict[str, str]) -> Iterator[None]:
    """Our processes, for the length of the block."""
    from pmsync.demo import stack
    from tests.faults.processes import Process

    environment = os.environ | variables
    running = [Process(one, dict(environment), folder / f"{one.name}.log") for one in stack.services(port)]
    try:
        for one in running:
            one.start()
        wait(lambda: stack.answers(port))
        yield
    finally:
        for one in running:
            if not one.ended():
                one.kill()


def told(desk: Any, changes: int) -> None:
    """A line for each surface that the provider tells of."""
    from tests.push.desk import change

    for surface in desk.surfaces:
        delays = []
        for number in range(changes + 3):
            time.sleep(random.uniform(*APART))
            name = f"{surface.title()}{number}"
            there = look(desk, surface, name, change(desk, surface, name))
            delays.append(wait(there) * 1000)
        delays = delays[3:]  # the first find cold connections
        what = "a change at the simulated provider to the committed row; baseline: the blueprint's five seconds"
        note = f"p50 {statistics.median(delays):.0f} ms; {what}"
        show(f"push-{desk.stage.name}-{surface}", quantile(delays, 0.99), "ms p99", GOAL_MS, len(delays), note)


def untold(desk: Any, changes: int) -> None:
    """The same for mail, its notifications lost: while push is still believed, and once it is not."""
    from django.utils.timezone import now

    from apps.sync import tiers
    from apps.sync.models import SyncTarget
    from tests.push.desk import change
    from tests.push.test_push import disturb

    disturb(desk, drop=1.0)
    rest = []
    for number in range(changes):
        name = f"Untold{number}"
        there = look(desk, "mail", name, change(desk, "mail", name))
        time.sleep(random.uniform(0.0, 15.0))  # the beat's ticks fall where they fall
        SyncTarget.objects.filter(pk=desk.target("mail").pk).update(due_at=now())
        rest.append(wait(there))
    target = desk.target("mail")
    for name, until in (("believed", now() + tiers.SAFETY_NET), ("not-believed", None)):
        target.push_until = until
        drawn = [
            random.random() * tiers.interval(target, now(), now()).total_seconds() + random.choice(rest)
            for _ in range(1000)
        ]
        note = (
            f"p50 {statistics.median(drawn):.0f} s; while somebody looks; from due to row measured {changes} times: "
            f"median {statistics.median(rest):.1f} s; the wait for the poll drawn by lot from the scheduler's interval"
        )
        show(f"push-{desk.stage.name}-lost-{name}", quantile(drawn, 0.99), "s p99", None, changes, note)
    disturb(desk)


def look(desk: Any, surface: str, name: str, there: Callable[[], bool]) -> Callable[[], bool]:
    """Whether the row is there, by one query; the API's list would be most of what is measured."""
    from apps.calendar.models import Event
    from apps.contacts.models import Contact

    match surface:
        case "calendar":
            return lambda: Event.objects.filter(title=name, account=desk.stage.account).exists()
        case "contacts":
            return lambda: Contact.objects.filter(name__startswith=name, account=desk.stage.account).exists()
    return there


def wait(for_it: Callable[[], object]) -> float:
    """Seconds until it is so."""
    begun = time.perf_counter()
    while not for_it():
        if time.perf_counter() - begun > PATIENCE:
            raise RuntimeError("it does not come")
        time.sleep(LOOK)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
