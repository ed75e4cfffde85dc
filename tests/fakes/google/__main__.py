"""A simulated Google as a process of its own.

python -m tests.fakes.google --port 8090 --fill FOLDER --redirect http://127.0.0.1:8000/oauth/google/callback
curl -X POST http://127.0.0.1:8090/control/deliver -d '{"to": "anna@firm.example", "subject": "Hello"}'
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.google.fill import fill
from tests.fakes.google.service import PROJECT, Google


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; the first line of output says, as JSON, where and for whom."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.google", description="A simulated Google.")
    parser.add_argument("--port", type=int, default=0, help="of the loopback; 0 takes a free one")
    parser.add_argument("--fill", type=Path, help="a folder with people.json and what they own")
    parser.add_argument("--redirect", action="append", default=[], help="where a client may be sent back to")
    parser.add_argument("--client-id", default="simulated.apps.googleusercontent.com")
    parser.add_argument("--client-secret", default="simulated-secret")
    parser.add_argument("--project", default=PROJECT, help="the Cloud project of the client")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--http-callbacks", action="store_true", help="let webhooks be http")
    parser.add_argument("--quiet", action="store_true", help="say nothing")
    given = parser.parse_args(arguments)
    google = Google(port=given.port, seed=given.seed, control=True)
    client = google.grants.new_client(
        id=given.client_id, secret=given.client_secret, redirects=tuple(given.redirect), project=given.project
    )
    google.pubsub.allows_http = google.channels.allows_http = given.http_callbacks
    told: dict[str, object] = {
        "root": google.root,
        "client_id": client.id,
        "client_secret": client.secret,
        "project": client.project,
    }
    if given.fill:
        told["filled"] = fill(google, given.fill)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with google:
        if not given.quiet:
            print(json.dumps(told), flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
