"""A first import beside mbsync copying the same account. `make bench-initial`

10,000 messages of the realistic mix, from Dovecot into the mirror: parsed, threaded, indexed, sealed,
committed. mbsync copies them to plain files in the same run. A bare imapclient loop is the reference
of what reading alone costs. Prints one JSON line for each figure.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.bench import installation, mailbox
from tests.bench.mailbox import Mbsync, Mirror
from tests.bench.results import show
from tests.imap.dovecot import Dovecot

FIRST: Final = 50


def main() -> None:
    """Run everything and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many is told (default 3)")
    parser.add_argument(
        "--import", nargs=3, dest="job", metavar=("TENANT", "TARGET", "ACCOUNT"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.job:
        work(Mirror(*options.job))
        return
    os.environ["EMAIL_SYNC_SLICE_SECONDS"] = "3600"
    with installation.durable() as folder, Dovecot.start(folder / "dovecot") as dovecot:
        measure(folder, dovecot, options.messages, options.rounds)


def measure(folder: Path, dovecot: Dovecot, count: int, rounds: int) -> None:
    """Fill the account, then mbsync, imapclient and ours in turn."""
    user = dovecot.new_user()
    mailbox.fill(dovecot, user, mailbox.realistic(count))
    octets = mailbox.warm(dovecot, user)
    ours, firsts, peaks, theirs, bare = [], [], [], [], []
    for number in range(rounds):
        if Mbsync.there():
            theirs.append(count / Mbsync(folder / f"mbsync{number}", dovecot, user).run())
        bare.append(count / read_only(dovecot, user))
        mirror = mailbox.mirror(dovecot, user)
        seconds, first, peak = import_in_a_worker(mirror, count)
        ours.append(count / seconds)
        firsts.append(first / seconds)
        peaks.append(peak)
    note = f"{count} messages, {octets / count / 1024:.1f} KiB each, median of {rounds}; mbsync flushes its files"
    baseline = statistics.median(theirs) if theirs else None
    value = statistics.median(ours)
    show("initial", value, "messages/s", baseline, count, note)
    show("initial-bare-read", statistics.median(bare), "messages/s", None, count, "imapclient, 100 at a time")
    share = statistics.median(firsts) * 100
    show("initial-first-50", share, "% of the whole", 5, count, "until INBOX lists 50 messages; baseline: the goal")
    show("initial-memory", max(peaks), "MB", 400, count, "peak resident memory of the worker; baseline: the goal")


def import_in_a_worker(mirror: Mirror, count: int) -> tuple[float, float, float]:
    """Import in a process of its own; seconds, seconds until the first 50 are listed, MB at the peak."""
    from apps.mail.models import Mailbox

    command = [sys.executable, "-m", "tests.bench.bench_initial", "--import"]
    arguments = [mirror.tenant_id, mirror.target_id, mirror.account_id]
    with subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdout.readline()  # it is ready
        began = time.perf_counter()
        worker.stdin.write("go\n")
        worker.stdin.flush()
        with mirror.inside():
            while (Mailbox.objects.filter(role="inbox").values_list("total", flat=True).first() or 0) < FIRST:
                time.sleep(0.005)
                if worker.poll() is not None:
                    raise RuntimeError("the import ended before it listed anything")
        first = time.perf_counter() - began
        told: dict[str, Any] = json.loads(worker.stdout.readline())
    mirror.healthy()
    if (total := mirror.total()) != count:
        raise RuntimeError(f"{total} of {count} messages are mirrored")
    return told["seconds"], first, told["peak"]


def work(mirror: Mirror) -> None:
    """The worker: everything loaded before the clock starts, as in one that has had a task before."""
    import django

    django.setup()
    from django.db import connection

    from pmsync.celery import app

    app.loader.import_default_modules()
    connection.ensure_connection()
    with mirror.inside():
        pass  # which schema version is the newest is looked up once
    print("ready", flush=True)
    sys.stdin.readline()
    seconds = mirror.sync()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak}), flush=True)


def read_only(dovecot: Dovecot, user: str) -> float:
    """Seconds that imapclient needs to read every message and throw it away."""
    from imapclient import IMAPClient

    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False)
    client.login(user, dovecot.login(user).password)
    began = time.perf_counter()
    for _, _, name in client.list_folders():
        client.select_folder(name, readonly=True)
        uids = client.search()
        for start in range(0, len(uids), 100):
            client.fetch(uids[start : start + 100], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
    seconds = time.perf_counter() - began
    client.logout()
    return seconds


if __name__ == "__main__":
    main()
