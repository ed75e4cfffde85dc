"""Whether a first import of 10,000 messages starves the live changes of the same account. `make bench-starve`

As in bench-push the web process, the workers, beat and the watcher run beside simulations of both providers, whose
budgets and limits are those of the real ones. A message arrives in a mailbox that is imported, then others in one whose
import goes on, one at a time; the clock stops when a second connection reads the news in the journal. One JSON line for
each provider: p99 while the import runs, beside p99 of the idle account as the baseline.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Protocol

from pmsync.private.home import free_port
from tests.bench import installation
from tests.bench.bench_push import processes, wait
from tests.bench.results import quantile, show

APART: Final = (1.0, 3.0)
LATENCY: Final = 0.05
"""Seconds that a request takes at the simulated Microsoft, which would answer at once: with that the import is over
before anything is seen."""


class Deliver(Protocol):
    """A message arrives, now or long ago."""

    def __call__(self, who: str, raw: bytes, *, old: bool = False) -> None: ...


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="in the mailbox that is imported")
    parser.add_argument("--changes", type=int, default=40, help="of each mailbox (default 40)")
    parser.add_argument("--only", choices=("google", "microsoft"))
    options = parser.parse_args()
    os.environ["PMSYNC_PUBLIC_URL"] = f"http://127.0.0.1:{(port := free_port())}"
    with installation.durable() as folder:
        measure(folder, port, options.messages, options.changes, options.only)


def measure(folder: Path, port: int, messages: int, changes: int, only: str | None) -> None:
    """Two accounts at each provider: one that is imported, one whose import goes on."""
    from django.conf import settings

    from tests.fakes.certificates import Authority
    from tests.fakes.google.quotas import Quotas
    from tests.providers.clouds import google, microsoft
    from tests.push.desk import PUSHER, SUBSCRIPTION, TOPIC
    from tests.tenants.fixtures import Make

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]  # the consent is given in this process
    authority = Authority(folder / "certificates")
    hook = f"{settings.PMSYNC_PUBLIC_URL}/api/webhooks/gmail-pubsub"
    settings.GMAIL_PUBSUB_TOPIC, settings.GMAIL_PUBSUB_SUBSCRIPTION = TOPIC, SUBSCRIPTION
    settings.GMAIL_PUBSUB_ACCOUNT, settings.GMAIL_PUBSUB_AUDIENCE = PUSHER, hook
    with ExitStack() as stack:
        at_google = stack.enter_context(google(settings))
        at_microsoft = stack.enter_context(microsoft(settings, authority))
        made = at_google.google
        true = Quotas(made.clock)
        made.quotas.per_user, made.quotas.per_project = true.per_user, true.per_project
        made.channels.allows_http = made.pubsub.allows_http = True
        made.pubsub.topic(TOPIC)
        made.pubsub.subscribe(SUBSCRIPTION, TOPIC, hook, PUSHER, hook)
        at_microsoft.microsoft.behaviour.plain_callbacks = True
        names = [name for name in dir(settings) if name.startswith(("GOOGLE_", "MICROSOFT_CLIENT", "PMSYNC_SIMULATED"))]
        names += ["GMAIL_PUBSUB_TOPIC", "GMAIL_PUBSUB_SUBSCRIPTION", "GMAIL_PUBSUB_ACCOUNT"]
        stack.enter_context(processes(folder, port, {name: str(getattr(settings, name)) for name in names}))
        make = Make()
        for side, deliver in ((at_google, _at_google(made)), (at_microsoft, _at_microsoft(at_microsoft))):
            if only in (None, side.name):
                compare(make, side, deliver, messages, changes)
        make.tidy()


def compare(make: Any, side: Any, deliver: Deliver, messages: int, changes: int) -> None:
    """A line for one provider."""
    from apps.sync.models import Phase
    from tests.providers.clouds import ANNA, BOB, Wizard

    cast = make.tenant()
    with cast.inside():
        idle = _connected(Wizard(make, cast.owner, side), ANNA)
        wait(lambda: idle.phase() == Phase.LIVE and idle.told())
        quiet = _delays(idle, deliver, ANNA, changes)
        for number in range(messages):
            deliver(BOB, _letter(f"History {number}"), old=True)
        if side.name == "microsoft":
            side.microsoft.behaviour.latency = LATENCY
        busy = _connected(Wizard(make, cast.owner, side), BOB)
        wait(lambda: busy.imported() > 0 and busy.told())
        begun, done = time.monotonic(), busy.imported()
        importing = _delays(busy, deliver, BOB, changes, while_=lambda: busy.phase() == Phase.INITIAL)
        rate = (busy.imported() - done) / (time.monotonic() - begun)
        at = busy.imported()
    note = (
        f"a message at the simulated provider to the news in the journal while a first import of {messages} goes on "
        f"(it stood at {at}, {rate * 60:.0f} messages a minute meanwhile): p50 {statistics.median(importing):.0f} ms; "
        f"baseline: an idle account's p99, whose p50 is {statistics.median(quiet):.0f} ms"
    )
    show(f"starve-{side.name}", quantile(importing, 0.99), "ms p99", quantile(quiet, 0.99), len(importing), note)


class _Watched:
    """An account as a second connection sees it."""

    def __init__(self, account: Any) -> None:
        self.account = account

    def phase(self) -> str:
        """Of its mail."""
        return str(self._target().phase)

    def told(self) -> bool:
        """Whether its provider tells of changes."""
        return self._target().push_until is not None

    def imported(self) -> int:
        """Messages so far."""
        self.account.refresh_from_db()
        return int(self.account.import_done)

    def news(self) -> int:
        """The number of the last news of mail: history is none."""
        from apps.realtime.models import JournalEntry

        mine = JournalEntry.objects.filter(account_id=self.account.pk, event="email:new")
        return int(mine.order_by("-seq").values_list("seq", flat=True).first() or 0)

    def _target(self) -> Any:
        from apps.sync.models import SyncTarget

        return SyncTarget.objects.get(account_id=self.account.pk, kind="mail")


def _connected(wizard: Any, who: str) -> _Watched:
    from apps.providers.models import ProviderAccount

    told = wizard.connect(who)
    return _Watched(ProviderAccount.objects.get(pk=told["connected"]))


def _delays(
    watched: _Watched, deliver: Deliver, who: str, changes: int,
    while_: Callable[[], bool] = lambda: True,
) -> list[float]:  # fmt: skip
    """Milliseconds of each change, without the first two, which find cold connections."""
    found = []
    for number in range(changes + 2):
        if not while_():
            break
        time.sleep(random.uniform(*APART))
        before = watched.news()
        deliver(who, _letter(f"News {number}"))
        found.append(wait(lambda before=before: watched.news() > before) * 1000)  # type: ignore[misc]  # a default
    if len(found) < 5:
        raise RuntimeError("the import was over before anything was seen")
    return found[2:]


def _letter(subject: str) -> bytes:
    from tests.cross.stages import letter, new_message_id

    return letter(subject, new_message_id())


def _at_google(made: Any) -> Deliver:
    def deliver(who: str, raw: bytes, *, old: bool = False) -> None:
        made.elsewhere.deliver(who, raw)

    return deliver


def _at_microsoft(side: Any) -> Deliver:
    def deliver(who: str, raw: bytes, *, old: bool = False) -> None:
        message = side.microsoft.elsewhere(side.people[who]).deliver(raw)
        if old:
            # What was received just before an account is connected is taken for new.
            message.values["receivedDateTime"] = "2026-01-01T00:00:00Z"

    return deliver


if __name__ == "__main__":
    main()
