"""Simulated Microsoft as a process: `python -m tests.fakes.microsoft --port N [--fill FOLDER]`.

Prints one line of JSON with its addresses and the certificate to trust, and serves until it is interrupted.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.certificates import Authority
from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.control import Control
from tests.fakes.microsoft.filling import fill
from tests.fakes.microsoft.server import Microsoft


def main(arguments: Sequence[str]) -> int:
    """Serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.microsoft", description="Simulated Microsoft.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--pages", type=int, metavar="PORT", help="show people's pages there, without TLS")
    parser.add_argument("--fill", type=Path, metavar="FOLDER", help="people and their mailboxes")
    parser.add_argument("--certificates", type=Path, metavar="FOLDER", help="where the certificates are made")
    parser.add_argument("--redirect", action="append", default=[], metavar="URL", help="register an application for it")
    parser.add_argument("--client-id", default="", help="of that application; else a new one")
    parser.add_argument("--client-secret", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet", action="store_true", help="say nothing")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="simulated-microsoft-") as folder:
        authority = Authority(given.certificates or Path(folder))
        # A demo's receiver of notifications speaks plain HTTP on the same machine.
        behaviour = Behaviour(plain_callbacks=True)
        with Microsoft(
            authority.server(), port=given.port, pages_port=given.pages, seed=given.seed, behaviour=behaviour,
            trust=authority.client(),
        ) as microsoft:  # fmt: skip
            microsoft.control = Control(microsoft).answer
            people = fill(microsoft, given.fill) if given.fill else []
            names = {"guid": given.client_id, "secret": given.client_secret}
            app = microsoft.directory.app(given.redirect, **names) if given.redirect else None
            told = {
                "origin": microsoft.origin,
                "authority": microsoft.authority("common"),
                "graph": microsoft.graph_url,
                "control": f"{microsoft.origin}/control/state",
                "root": str(authority.root),
                "people": [person.address for person in people],
                "app": {"id": app.id, "secret": app.secret} if app else None,
            }
            if not given.quiet:
                print(json.dumps(told), flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    # Blocked before any thread is made, so that none of them takes what the main one waits for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main(sys.argv[1:]))
