"""What a mailbox costs at Google and at Microsoft: round trips and units. `make bench-clouds`

10,000 messages at each simulated provider, imported once by our adapter, and the run that finds nothing to do. The
baseline is the least that the provider's own price list allows: every message read once and listed once.
"""

import argparse
import math
import tempfile
import time
from pathlib import Path
from typing import Final

from apps.providers.adapters.google.api import AT_ONCE
from apps.providers.adapters.google.costs import units
from tests.bench.results import show
from tests.fakes.certificates import Authority
from tests.fakes.google import Clock, Google
from tests.google_adapter.desk import ANNA
from tests.google_adapter.desk import Desk as GoogleDesk
from tests.google_adapter.mail import Post, letter
from tests.imap.mirror import MemoryMirror
from tests.microsoft_adapter.desk import Desk as MicrosoftDesk
from tests.microsoft_fake.cast import letter as graph_letter
from tests.microsoft_fake.cast import world

PAGE: Final = 500
"""Ids on the longest page of Gmail's list."""
GRAPH_PAGE: Final = 1000
"""Items on the longest page that Graph gives (`$top`)."""


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    count = parser.parse_args().messages
    google(count)
    microsoft(count)


def google(count: int) -> None:
    """Gmail: what is counted is units; a message costs 20 of 6,000 a minute."""
    with Google(seed=1, clock=Clock(1_780_000_000.0)) as made:
        desk = GoogleDesk(made)
        made.quotas.concurrent = None
        made.quotas.batch_burst = 10**9
        for number in range(count):
            made.elsewhere.deliver(ANNA, letter("Letter", number=number), ("INBOX",))
        post = Post(desk)
        begun, spent = time.monotonic(), made.quotas.spent[ANNA]
        post.sync()
        seconds, cost = time.monotonic() - begun, made.quotas.spent[ANNA] - spent
        trips = post.adapter.traffic.round_trips
        lists = math.ceil(count / PAGE)
        least = units(["gmail.users.messages.get"] * count + ["gmail.users.messages.list"] * lists)
        note = f"a price list's least: each message read and listed once; {least / 6000:.0f} minutes of a user's budget"
        show("clouds.google.initial.units", cost, "units", least, count, note)
        note = f"pages of {PAGE} and batches of {AT_ONCE}; {count / seconds:.0f} messages a second without the budget"
        show("clouds.google.initial.round_trips", trips, "round trips", lists + math.ceil(count / AT_ONCE), count, note)
        made.clock.advance(120)
        spent, trips = made.quotas.spent[ANNA], post.adapter.traffic.round_trips
        post.sync()
        cost, trips = made.quotas.spent[ANNA] - spent, post.adapter.traffic.round_trips - trips
        least = units(["gmail.users.history.list"])
        show("clouds.google.noop.units", cost, "units", least, count, "the least: one page of the history")
        show("clouds.google.noop.round_trips", trips, "round trips", 1, count, "likewise; ours asks for the labels too")
        desk.close()


def microsoft(count: int) -> None:
    """Graph: what is counted is requests, 10,000 in ten minutes."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        with world(authority, authority.server()) as cast, MicrosoftDesk(cast, cast.anna) as desk:
            cast.microsoft.behaviour.requests_per_10_minutes = 10**9
            for number in range(count):
                desk.elsewhere.deliver(graph_letter(number))
            mirror = MemoryMirror()
            mail = desk.mail(mirror)
            begun = time.monotonic()
            mirror.sync(mail)
            seconds, trips = time.monotonic() - begun, mail.traffic.round_trips
            least = count + math.ceil(count / GRAPH_PAGE)
            note = f"the least: each message's octets once, and pages of {GRAPH_PAGE}; {count / seconds:.0f} a second"
            show("clouds.microsoft.initial.requests", trips, "requests", least, count, note)
            before = mail.traffic.round_trips
            mirror.sync(mail)
            folders = len(mirror.boxes)
            note = f"the least: the list of folders, and the delta link of each of {folders}"
            show(
                "clouds.microsoft.noop.requests",
                mail.traffic.round_trips - before,
                "requests",
                1 + folders,
                count,
                note,
            )


if __name__ == "__main__":
    main()
