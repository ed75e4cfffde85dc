"""How soon a commit is a frame in the browser. `python -m tests.bench.bench_gateway`

The real web process serves 1 and then 200 sockets of one company; another process commits events.
Beside it, in turn and in the same run, a bare Channels consumer on the same server and the same
layer gets the same text by `group_send`. One JSON line for each number of sockets.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.bench import installation
from tests.bench.results import quantile, show

# The size of a usual `email:new`: message and thread row.
PADDING: Final = "x" * 1500
ROUNDS: Final = 3
SETTLE: Final = 1.0


def main() -> None:
    """Run both numbers of sockets and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="*", default=[1, 200])
    parser.add_argument("--events", type=int, default=60, help="events in each of three rounds (default 60)")
    parser.add_argument("--write", nargs=3, metavar=("KIND", "NUMBER", "PAUSE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write[0], int(options.write[1]), float(options.write[2]))
        return
    with installation.durable():
        measure(options)


def measure(options: argparse.Namespace) -> None:
    """Both servers, and the rounds in turn."""
    from tests.realtime.server import new_account
    from tests.tenants.fixtures import Make

    make = Make()
    cast = make.tenant()
    account, token = new_account(cast.owner), make.token(cast.owner)
    os.environ["PMSYNC_TEST_BENCH"] = f"{cast.tenant.pk} {account}"
    with serving("pmsync.asgi:application") as gateway, serving("tests.bench.raw_group:application") as raw:
        for sockets in options.sockets:
            # A pause that lets each event end before the next: what is measured is delay, not a queue.
            pause = 0.02 + sockets * 0.001
            delays: dict[str, list[float]] = {"gateway": [], "raw": []}
            last: dict[str, list[float]] = {"gateway": [], "raw": []}
            for _ in range(ROUNDS):
                for kind, port in (("raw", raw), ("gateway", gateway)):
                    arrived = asyncio.run(one_round(kind, port, token, sockets, options.events, pause))
                    delays[kind] += [delay for each in arrived for delay in each]
                    last[kind] += [max(each) for each in arrived]
            report(sockets, delays, last)


def report(sockets: int, delays: dict[str, list[float]], last: dict[str, list[float]]) -> None:
    """One line: the 99th percentile over all sockets and events, beside the bare consumer's."""
    p50, last_p50 = ({kind: statistics.median(values[kind]) * 1000 for kind in values} for values in (delays, last))
    show(
        f"gateway-{sockets}", quantile(delays["gateway"], 0.99) * 1000, f"ms p99, commit to frame, {sockets} socket(s)",
        quantile(delays["raw"], 0.99) * 1000, len(delays["gateway"]),
        f"p50 {p50['gateway']:.1f}, last socket p50 {last_p50['gateway']:.1f}; baseline: raw group_send, same layer "
        f"and server, p99 (p50 {p50['raw']:.1f}, last socket p50 {last_p50['raw']:.1f}); goals: 1 socket 50 ms and "
        "10 x, 200 sockets 1 x",
    )  # fmt: skip


@contextmanager
def serving(application: str, processes: int = 1) -> Iterator[int]:
    """A server of our kind; its port. Only our own application is served by several processes."""
    from pmsync.private.home import free_port
    from tests.realtime.server import answers

    port = free_port()
    arguments = ["-v", "0", "-b", "127.0.0.1", "-p", str(port), application]
    command = ["-c", f"from pmsync.web import WebCommand; WebCommand().run({arguments!r})"]
    if processes > 1:
        command = ["-m", "pmsync.web", "-b", "127.0.0.1", "-p", str(port), "--processes", str(processes)]
    process = subprocess.Popen([sys.executable, "-W", "ignore", *command], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{application} did not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(15)


async def one_round(kind: str, port: int, token: str, sockets: int, events: int, pause: float) -> list[list[float]]:
    """Connect, have another process write, and give each event's delays, a list with one for each socket."""
    from tests.realtime.client import Socket

    opened = [await Socket.connect(port) for _ in range(sockets)]
    if kind == "gateway":
        for socket in opened:
            await socket.send({"type": "hello", "token": token, "since": None})
        for socket in opened:
            while (await socket.receive())["type"] != "caught_up":
                pass
    await asyncio.sleep(SETTLE)
    arrivals: list[dict[int, float]] = [{} for _ in opened]
    hearing = [
        asyncio.create_task(hear(socket, events, arrived)) for socket, arrived in zip(opened, arrivals, strict=True)
    ]
    command = [sys.executable, "-m", "tests.bench.bench_gateway", "--write", kind, str(events), str(pause)]
    writer = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    out, _ = await writer.communicate()
    begun = {int(number): float(moment) for number, moment in json.loads(out).items()}
    await asyncio.wait_for(asyncio.gather(*hearing), 30)
    for socket in opened:
        socket.abort()
    return [[arrived[number] - begun[number] for arrived in arrivals] for number in begun]


NUMBER: Final = re.compile(r'"number": ?(\d+)')


async def hear(socket: Any, events: int, arrived: dict[int, float]) -> None:
    """Note when each event's text is here; it is not parsed, for the clients share the machine."""
    while len(arrived) < events:
        text = await socket.text()
        moment = time.monotonic()
        if found := NUMBER.search(text):
            arrived[int(found[1])] = moment


def write(kind: str, events: int, pause: float) -> None:
    """Commit events, or send them to the group; print when each began (monotonic seconds, one clock for all)."""
    import django

    django.setup()
    begun = (_commit if kind == "gateway" else _group_send)(events, pause)
    print(json.dumps(begun))


def _commit(events: int, pause: float) -> dict[int, float]:
    from django.db import transaction

    from apps.realtime import journal
    from apps.tenants import context

    tenant_id, account = os.environ["PMSYNC_TEST_BENCH"].split()
    begun = {}
    with context.open(context.get(tenant_id)):
        for number in range(events):
            time.sleep(pause)
            data = {"number": number, "padding": PADDING}
            with transaction.atomic():
                journal.append([journal.Event("email:new", account, data)])  # type: ignore[arg-type]  # as text
                begun[number] = time.monotonic()  # just before COMMIT goes out
    return begun


def _group_send(events: int, pause: float) -> dict[int, float]:
    from channels.layers import get_channel_layer

    from tests.bench.raw_group import GROUP

    async def send() -> dict[int, float]:
        layer, begun = get_channel_layer(), {}
        assert layer is not None
        await layer.group_send(GROUP, {"type": "told", "text": "warm"})
        for number in range(events):
            await asyncio.sleep(pause)
            text = json.dumps({"number": number, "padding": PADDING})
            begun[number] = time.monotonic()
            await layer.group_send(GROUP, {"type": "told", "text": text})
        return begun

    return asyncio.run(send())


if __name__ == "__main__":
    main()
