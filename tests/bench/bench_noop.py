"""A sync of an account in which nothing happened. `make bench-noop`

100,000 messages in 20 mailboxes, mirrored once; then the run that finds nothing to do, on a kept
connection as in a worker, and mbsync's in the same minutes. Prints one JSON line for each figure.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pmsync.demo.correspondence import GeneratedMessage
from tests.bench import installation, mailbox
from tests.bench.mailbox import Mbsync
from tests.bench.results import show
from tests.imap.dovecot import Dovecot
from tests.imap.messages import message

MAILBOXES: Final = 20
EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=21, help="the median of so many is told (default 21)")
    options = parser.parse_args()
    # A worker's share of a run that somebody waits for: the whole import in one go.
    os.environ["EMAIL_SYNC_SLICE_SECONDS"] = "3600"
    with installation.durable() as folder, Dovecot.start(folder / "dovecot") as dovecot:
        measure(folder, dovecot, options.messages, options.rounds)


def small(count: int) -> Iterator[GeneratedMessage]:
    """Short messages, spread evenly over the mailboxes; their contents are never looked at again."""
    names = ["INBOX", *(f"Box{number}" for number in range(1, MAILBOXES))]
    for number in range(count):
        moment = EPOCH + timedelta(seconds=number)
        yield GeneratedMessage(names[number % MAILBOXES], message(number), (), moment)


def measure(folder: Path, dovecot: Dovecot, count: int, rounds: int) -> None:
    """Fill the account, mirror it, and let both look again and again."""
    user = dovecot.new_user()
    mailbox.fill(dovecot, user, small(count))
    mailbox.warm(dovecot, user)
    mirror = mailbox.mirror(dovecot, user)
    mirror.sync()
    mirror.healthy()
    mirror.sync()
    other = Mbsync(folder / "mbsync", dovecot, user) if Mbsync.there() else None
    if other:
        other.run()
    ours, trips, octets, theirs = [], [], [], []
    for _ in range(rounds):
        before = mirror.traffic()
        ours.append(mirror.sync())
        after = mirror.traffic()
        trips.append(after.round_trips - before.round_trips)
        octets.append(after.bytes_in - before.bytes_in)
        if other:
            theirs.append(other.run())
        time.sleep(0.05)
    mirror.healthy()
    baseline = statistics.median(theirs) * 1000 if theirs else None
    value = statistics.median(ours) * 1000
    size = f"{count} messages in {MAILBOXES} mailboxes, {rounds} times"
    show("noop", max(trips), "round trips", 2, rounds, f"{size}; baseline: the goal")
    note = f"{size}; {statistics.median(octets):.0f} bytes read; ours on a kept connection, mbsync a process each time"
    show("noop-time", value, "ms", baseline, rounds, note)


if __name__ == "__main__":
    main()
