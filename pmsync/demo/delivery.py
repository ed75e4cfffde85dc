"""Keeps the demo alive: a little new mail every half minute, replies in old threads, marks and moves.

    python -m pmsync.demo.delivery FOLDER

Works as any other client does, over IMAP and by what the simulated providers offer for that, so that everything it does
reaches PMSync the way a phone's or a colleague's change would.
"""

import base64
import contextlib
import imaplib
import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import httpx

from . import cast
from .correspondence.company import INBOX, Correspondence, Placed, Thread
from .correspondence.mime import Person
from .correspondence.scripts import ME, Conversation
from .servers import ports_of
from .simulations import Simulations

HOST: Final = "127.0.0.1"
PAUSE: Final = (20.0, 40.0)
# Out of a hundred steps.
STEPS: Final = (("next", 45), ("begin", 25), ("mark", 20), ("file", 10))


@dataclass(slots=True)
class Open:
    """A conversation of which not every turn has been written."""

    thread: Thread
    script: Conversation
    partner: Person
    colleague: Person
    done: int = 0


class Correspondents:
    """Those who write to one person: conversations begun and gone on with, a turn at a time."""

    def __init__(self, person: Person, rng: Random) -> None:
        self.rng = rng
        self.writer = Correspondence(rng.getrandbits(32), cast.people_around(person), datetime.now(UTC))
        self.open: list[Open] = []

    def write(self, *, on: bool) -> list[Placed]:
        """The next turn of a conversation that is open, if it is to go `on`; else something new."""
        self.writer.until = datetime.now(UTC)
        return self._continue() if on and self.open else self._begin()

    def _begin(self) -> list[Placed]:
        now = datetime.now(UTC)
        if (kind := self.rng.random()) < 0.45:
            found = self.writer.notice(now) if kind < 0.35 else self.writer.invitation(now)
            return [_unread(message) for message in found]
        script = self.rng.choice([one for one in self.writer.language.conversations if one.turns[0].who != ME])
        self.open.append(Open(*self._opened(script, now)))
        self.open = self.open[-6:]
        return self._turn(self.open[-1])

    def _opened(self, script: Conversation, at: datetime) -> tuple[Thread, Conversation, Person, Person]:
        thread, partner, colleague = self.writer.open(script, at)
        return thread, script, partner, colleague

    def _continue(self) -> list[Placed]:
        return self._turn(self.rng.choice(self.open))

    def _turn(self, talk: Open) -> list[Placed]:
        turn = talk.script.turns[talk.done]
        message = self.writer.turn(talk.thread, turn, talk.partner, talk.colleague, datetime.now(UTC))
        talk.done += 1
        if talk.done == len(talk.script.turns):
            self.open.remove(talk)
        return [_unread(message) if message.mailbox == INBOX else message]


class Visitor:
    """Writes to one account over IMAP, and now and then reads it, as its owner's phone would."""

    def __init__(self, account: cast.DemoAccount, port: int, rng: Random) -> None:
        self.account = account
        self.port = port
        self.rng = rng
        self.others = Correspondents(account.person, rng)

    def step(self) -> str:
        """Do one thing; return what it was, without a word of anybody's mail."""
        kind = self.rng.choices([name for name, _ in STEPS], [weight for _, weight in STEPS])[0]
        with self._client() as client:
            if kind == "mark":
                return self._mark(client)
            if kind == "file":
                return self._file(client)
            placed = self.others.write(on=kind == "next")
            for message in placed:
                client.append(
                    _quoted(message.mailbox), _flags(message), imaplib.Time2Internaldate(message.at), message.raw
                )
            return _told(placed)

    def _mark(self, client: imaplib.IMAP4) -> str:
        client.select(INBOX)
        unread = client.uid("SEARCH", "UNSEEN")[1][0].split()
        if len(unread) < 5:
            return "nothing to read"
        uid = self.rng.choice(unread[:-3]).decode()
        flags = r"(\Seen \Flagged)" if self.rng.random() < 0.2 else r"(\Seen)"
        client.uid("STORE", uid, "+FLAGS.SILENT", flags)
        return f"one marked {flags}"

    def _file(self, client: imaplib.IMAP4) -> str:
        client.select(INBOX)
        read = client.uid("SEARCH", "SEEN")[1][0].split()
        if len(read) < 50:
            return "nothing to file"
        client.uid("MOVE", self.rng.choice(read[:20]).decode(), "Archive")
        return "one moved to Archive"

    @contextlib.contextmanager
    def _client(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4(HOST, self.port, timeout=20) as client:
            # Without it each literal waits 40 ms for the acknowledgement of its announcement.
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(self.account.address, self.account.password)
            yield client


class CloudVisitor:
    """Writes to one account at a simulated provider."""

    def __init__(self, account: cast.CloudAccount, simulations: Simulations, rng: Random) -> None:
        self.account = account
        self.simulations = simulations
        self.rng = rng
        self.others = Correspondents(account.person, rng)

    def step(self) -> str:
        """Do one thing; return what it was, without a word of anybody's mail."""
        placed = self.others.write(on=self.rng.random() < 0.6)
        for message in placed:
            self.simulations.deliver(self.account, message.mailbox, base64.b64encode(message.raw).decode())
        return f"{_told(placed)} at the simulated {self.account.provider.title()}"


def _told(placed: list[Placed]) -> str:
    return f"{len(placed)} new in {', '.join(sorted({message.mailbox for message in placed}))}"


def _unread(message: Placed) -> Placed:
    return Placed(message.mailbox, message.raw, tuple(flag for flag in message.flags if flag != "\\Seen"), message.at)


def _flags(message: Placed) -> str:
    return f"({' '.join(message.flags)})"


def _quoted(name: str) -> str:
    return f'"{name}"'


def main(arguments: list[str]) -> None:
    """Visit one account after another until told to stop."""
    folder = Path(arguments[0])
    ports, rng = ports_of(folder), Random()
    simulations = ports.simulations(folder)
    known = set(json.loads((folder / "users.json").read_text()))
    visitors: list[Visitor | CloudVisitor] = [
        *(Visitor(account, ports.imap, rng) for account in cast.accounts() if account.address in known),
        *(
            CloudVisitor(account, simulations, rng)
            for account in cast.CLOUDS
            if account.connected and account.provider in simulations.names
        ),
    ]
    while True:
        time.sleep(rng.uniform(*PAUSE))
        visitor = rng.choice(visitors)
        try:
            print(f"{visitor.step()}", flush=True)
        except (OSError, imaplib.IMAP4.error, httpx.HTTPError) as error:
            print(f"the mail server did not take it ({type(error).__name__}); next time", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(0)
