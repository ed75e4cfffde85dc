"""The changes of a busy morning, brought in. `make bench-incremental`

100 new messages, 100 changed flags, 20 moves and 20 deletions by another client in an account of
10,000; then one sync of ours, committed, on a kept connection as in a worker, and one by mbsync.
Prints one JSON line for each figure.
"""

import argparse
import os
import statistics
from itertools import islice
from pathlib import Path
from typing import Final

from pmsync.demo.correspondence import GeneratedMessage
from tests.bench import installation, mailbox
from tests.bench.mailbox import Mbsync
from tests.bench.results import show
from tests.imap.dovecot import Dovecot

NEW: Final = 100
FLAGS: Final = 100
MOVES: Final = 20
DELETIONS: Final = 20
DIRTY: Final = 2  # mailboxes that the change set touches


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9, help="the median of so many is told (default 9)")
    options = parser.parse_args()
    os.environ["EMAIL_SYNC_SLICE_SECONDS"] = "3600"
    with installation.durable() as folder, Dovecot.start(folder / "dovecot") as dovecot:
        measure(folder, dovecot, options.messages, options.rounds)


def measure(folder: Path, dovecot: Dovecot, count: int, rounds: int) -> None:
    """Mirror the account, then change it and bring the changes in, in turns."""
    user = dovecot.new_user()
    letters = mailbox.realistic(count + NEW * rounds)
    mailbox.fill(dovecot, user, islice(letters, count))
    mailbox.warm(dovecot, user)
    mirror = mailbox.mirror(dovecot, user)
    mirror.sync()
    mirror.healthy()
    mirror.sync()
    other = Mbsync(folder / "mbsync", dovecot, user) if Mbsync.there() else None
    if other:
        other.run()
    ours, trips, theirs = [], [], []
    for number in range(rounds):
        change(dovecot, user, list(islice(letters, NEW)), number)
        # Who goes second finds Dovecot's caches warm: they take turns.
        if other and number % 2:
            theirs.append(other.run())
        before = mirror.traffic()
        ours.append(mirror.sync())
        trips.append(mirror.traffic().round_trips - before.round_trips)
        if other and not number % 2:
            theirs.append(other.run())
    mirror.healthy()
    total = count + (NEW - DELETIONS) * rounds
    if (held := mirror.total()) != total:
        raise RuntimeError(f"{held} of {total} messages are mirrored")
    baseline = statistics.median(theirs) * 1000 if theirs else None
    value = statistics.median(ours) * 1000
    what = f"{NEW} new, {FLAGS} flags, {MOVES} moves, {DELETIONS} deletions in {count} messages, {rounds} times"
    show("incremental", value, "ms", baseline, rounds, f"{what}; committed")
    note = f"{what}; baseline: the goal, two and one for each changed mailbox"
    show("incremental-round-trips", max(trips), "round trips", 2 + DIRTY, rounds, note)


def change(dovecot: Dovecot, user: str, letters: list[GeneratedMessage], number: int) -> None:
    """One change set, by another client."""
    with dovecot.client(user) as client:
        client.select("INBOX")
        uids = client.uid("SEARCH", "ALL")[1][0].decode().split()
        start = 50 + number
        flagged = uids[start : start + FLAGS * 5 : 5]
        moved, deleted = uids[-MOVES:], uids[-MOVES - DELETIONS : -MOVES]
        client.uid("STORE", ",".join(flagged), "-FLAGS.SILENT" if number % 2 else "+FLAGS.SILENT", r"(\Flagged)")
        client.uid("MOVE", ",".join(moved), "Archive")
        client.uid("STORE", ",".join(deleted), "+FLAGS.SILENT", r"(\Deleted)")
        client.uid("EXPUNGE", ",".join(deleted))
        for letter in letters:
            client.append("INBOX", "", f'"{letter.internal_date:%d-%b-%Y %H:%M:%S +0000}"', letter.raw)


if __name__ == "__main__":
    main()
