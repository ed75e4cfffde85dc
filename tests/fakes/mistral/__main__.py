"""The fake as a process: `python -m tests.fakes.mistral --port 8970`; Ctrl-C or SIGTERM ends it."""

import argparse
import signal
import threading

from tests.fakes.mistral import script
from tests.fakes.mistral.server import KEY, MistralApi


def main() -> None:
    """Serve until a signal; the first line of the output is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.mistral", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", action="append", help=f"an accepted API key, repeatable (default: {KEY})")
    parser.add_argument("--per-minute", type=int, help="requests admitted each minute")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer, where no rule says other")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each event of a stream, likewise")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with MistralApi(given.port, keys=tuple(given.key or [KEY]), per_minute=given.per_minute) as api:
        if given.delay or given.pause:
            api.when(script.to(script.CHAT), script.read.after(given.delay).slowly(given.pause))
        print(api.url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
