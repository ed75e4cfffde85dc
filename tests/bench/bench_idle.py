"""What a watched account costs, and how soon a push is a queued request. `python -m tests.bench.bench_idle`

The real watcher process holds TLS accounts of a stub server in another process. Beside it, in the
same run, asyncio's own TLS transport holds connections to the same server. Two JSON lines come out:
memory for each account, and the time from the server's push to the task in the queue.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from tests.bench import installation
from tests.bench.results import quantile, show

WARM_UP: Final = 100  # accounts that bring in what every process has once: imports, threads, contexts
SETTLE: Final = 5.0
QUEUE: Final = "sync.high"


def main() -> None:
    """Run both measurements and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--stock", type=int, default=300, help="connections of asyncio's own TLS (default 300)")
    parser.add_argument("--pushes", type=int, default=400)
    parser.add_argument("--hold-stock", metavar="HOST:PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hold_stock:
        asyncio.run(hold_stock(options.hold_stock, options.stock))
        return
    with installation.durable() as folder:
        measure(folder, options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """The stub server, the watcher, and both measurements."""
    from tests.fakes.certificates import Authority
    from tests.watcher.processes import Stub, WatcherProcess

    authority = Authority(folder)
    authority.server()
    os.environ["SSL_CERT_FILE"] = str(authority.root)
    clear_queue()
    with Stub.running(folder / "127.0.0.1-valid.pem") as stub:
        redis_url = {"REDIS_URL": os.environ["REDIS_URL"]}
        capacity = ("--accounts", str(WARM_UP + options.accounts), "--connects-per-host", "200")
        with WatcherProcess.running(folder / "log", *capacity, environment=redis_url) as watcher:
            process = psutil.Process(watcher.process.pid)
            watched(stub, range(WARM_UP), process)
            before = resident(process)
            began = time.monotonic()
            users = watched(stub, range(WARM_UP, WARM_UP + options.accounts), process)
            took = time.monotonic() - began
            after = resident(process)
            cpu = idle_cpu(process)
            stock = stock_memory(stub, options.stock)
            show(
                "idle-memory", (after - before) / options.accounts / 1024, "KB RSS a watched TLS account",
                stock / options.stock / 1024, options.accounts,
                f"baseline: asyncio's TLS transport, n={options.stock}, same server and chain of 3 certificates; "
                f"goal 64; all open after {took:.0f} s; {cpu:.2f} % CPU while quiet; process {after / 2**20:.0f} MB",
            )  # fmt: skip
            delays = push_delays(stub, users, options.pushes)
            bare = bare_requests(list(users.values()), options.pushes)
            show(
                "idle-latency", quantile(delays, 0.99) * 1000, "ms p99 from push to task in the queue",
                quantile(bare, 0.99) * 1000, len(delays),
                f"p50 {statistics.median(delays) * 1000:.1f}; baseline: targets.request called directly, p99 "
                f"(p50 {statistics.median(bare) * 1000:.1f}); lost {options.pushes - len(delays)}",
            )  # fmt: skip


def watched(stub: Any, numbers: range, process: psutil.Process) -> dict[str, str]:
    """Create accounts (a hundred to a company) and wait until all are listened for: user to target."""
    from apps.tenants import provisioning
    from tests.watcher.accounts import accounts_on

    found: dict[str, str] = {}
    for start in range(numbers.start, numbers.stop, 100):
        users = [f"user{number}" for number in range(start, min(start + 100, numbers.stop))]
        tenant = provisioning.create(f"bench{start}", "Bench", "standard")
        found |= {
            user: str(target.pk) for user, target in zip(users, accounts_on(stub.endpoint, tenant, *users), strict=True)
        }
    wait(lambda: stub.ask("count")["listening"] == numbers.stop, 60 + len(numbers) / 10, process)
    time.sleep(SETTLE)
    return found


def wait(condition: Callable[[], bool], within: float, process: psutil.Process) -> None:
    """Wait, or say that it took too long."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline or not process.is_running():
            raise SystemExit("The watcher did not get there in time; run fewer accounts or look at its log.")
        time.sleep(0.1)


def resident(process: psutil.Process) -> int:
    """Resident memory in bytes."""
    return int(process.memory_info().rss)


def idle_cpu(process: psutil.Process) -> float:
    """Percent of one core while nothing happens but leases and heartbeats."""
    before = process.cpu_times()
    time.sleep(20)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / 20 * 100


def stock_memory(stub: Any, count: int) -> int:
    """What asyncio's own TLS needs for so many connections that are logged in and idle, in bytes."""
    command = [sys.executable, "-m", "tests.bench.bench_idle", "--hold-stock", f"127.0.0.1:{stub.port}"]
    process = subprocess.Popen(
        [*command, "--stock", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        before, after = (int(process.stdout.readline()) for _ in range(2))
        process.stdin.close()
    return after - before


async def hold_stock(where: str, count: int) -> None:
    """Hold so many connections the ordinary way; print resident memory before (20 are open) and after."""
    host, _, port = where.partition(":")
    context = ssl.create_default_context()
    held = [await stock(host, int(port), context) for _ in range(20)]
    print(resident(psutil.Process()), flush=True)
    held += [await stock(host, int(port), context) for _ in range(count)]
    await asyncio.sleep(2)
    print(resident(psutil.Process()), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for _, writer in held:
        writer.close()


async def stock(host: str, port: int, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """One connection by asyncio's streams, in IDLE."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    await reader.readline()
    for command in (b"a LOGIN stock secret", b"b EXAMINE INBOX", b"c IDLE"):
        writer.write(command + b"\r\n")
        while not (line := await reader.readline()).startswith((command[:2], b"+")):
            assert line
    return reader, writer


# Latency


def push_delays(stub: Any, users: dict[str, str], count: int) -> list[float]:
    """Seconds from each push to its task in the queue, at about 50 pushes a second."""
    chosen = random.sample(sorted(users), min(count, len(users)))
    forget_requests()
    with arrivals() as arrived:
        pushed = {}
        for user in chosen:
            pushed[users[user]] = stub.ask("push", user)["at"]
            time.sleep(0.02)
        deadline = time.monotonic() + 10
        while len(arrived) < len(pushed) and time.monotonic() < deadline:
            time.sleep(0.05)
    return [arrived[target] - moment for target, moment in pushed.items() if target in arrived]


def bare_requests(target_ids: list[str], count: int) -> list[float]:
    """Seconds that the request alone takes to reach the queue, called here without a watcher."""
    from uuid import UUID

    from apps.sync import targets

    forget_requests()
    chosen = target_ids[:count]
    with arrivals() as arrived:
        begun = {}
        for target_id in chosen:
            begun[target_id] = time.time()
            targets.request(UUID(target_id), "idle")
            time.sleep(0.02)
        time.sleep(1)
    return [arrived[target_id] - moment for target_id, moment in begun.items() if target_id in arrived]


def forget_requests() -> None:
    """As when every earlier request has been answered."""
    from apps.sync.models import SyncTarget

    SyncTarget.objects.update(wanted_at=None, queued_at=None)
    clear_queue()
    time.sleep(1.5)  # no doorbell of a moment ago holds the next one back


def clear_queue() -> None:
    """Drop the tasks that nobody works on here."""
    import redis

    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()


@contextmanager
def arrivals() -> Iterator[dict[str, float]]:
    """Takes tasks out of the queue as they come: target to moment, filled while the block runs."""
    import redis

    arrived: dict[str, float] = {}
    ended = threading.Event()

    def take() -> None:
        server = redis.Redis.from_url(os.environ["REDIS_URL"])
        while not ended.is_set():
            item: Any = server.brpop([QUEUE], timeout=0.2)
            if item is not None:
                moment = time.time()
                args = json.loads(base64.b64decode(json.loads(item[1])["body"]))[0]
                arrived.setdefault(args[1], moment)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield arrived
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
