"""Another mail program at work: random changes to an account, by plain imaplib."""

import imaplib
import random
from collections.abc import Callable

from tests.imap.messages import message, with_attachment

FLAGS = (r"\Seen", r"\Flagged", r"\Answered", r"\Deleted", r"\Draft", "$Forwarded", "work", "odd]one")


class OtherClient:
    """Does random things to an account, by plain imaplib."""

    def __init__(self, rng: random.Random, connect: Callable[[], imaplib.IMAP4], first: int = 0) -> None:
        """`connect` opens a connection, and another one when the server hangs up, as it does with any mail program
        when a process of its own crashes."""
        self._connect = connect
        self._client = connect()
        self.hung_up: list[str] = []
        self.rng = rng
        self._sent = first
        self._made = 0
        self.boxes = ["INBOX", "Sent"]

    def step(self) -> str:
        """One random operation; what it was, for the record of a failure."""
        weighted = (
            (self.append, 6), (self.flag, 8), (self.unflag, 4), (self.move, 5), (self.copy, 3), (self.expunge, 4),
            (self.create, 1), (self.rename, 1), (self.delete, 0.5), (self.reset, 0.5),
        )  # fmt: skip
        steps, weights = zip(*weighted, strict=True)
        step: Callable[[], str] = self.rng.choices(steps, weights)[0]
        try:
            return step()
        except imaplib.IMAP4.abort as cut:
            self.hung_up.append(f"{step.__name__}: {cut}")
            self._client = self._connect()
            self._look_around()
            return "hung up"

    def _look_around(self) -> None:
        """What was under way may have been done or not."""
        self._client.delete("aside")
        there = {
            line.decode().rpartition(' "/" ')[2].strip('"')
            for line in self._client.list()[1]
            if isinstance(line, bytes)
        }
        self.boxes = [*self.boxes[:2], *sorted(there - {"INBOX", "Sent", "deep"})]

    def append(self) -> str:
        box = self.rng.choice(self.boxes)
        for _ in range(self.rng.choice((1, 1, 1, 2, 7))):
            self._sent += 1
            kind = self.rng.random()
            raw = message(self._sent, message_id=kind > 0.1)
            if kind > 0.97:
                raw = with_attachment(self._sent, 250_000)
            self._client.append(_q(box), self.rng.choice(("", r"(\Seen)")), "", raw)
        return f"append to {box}"

    def _some(self, box: str) -> str:
        self._client.select(_q(box))
        uids = self._client.uid("SEARCH", "ALL")[1][0].split()
        picked = self.rng.sample(uids, min(len(uids), self.rng.choice((1, 1, 2, 5))))
        return b",".join(picked).decode()

    def flag(self) -> str:
        return self._store("+FLAGS")

    def unflag(self) -> str:
        return self._store("-FLAGS")

    def _store(self, how: str) -> str:
        box = self.rng.choice(self.boxes)
        flag = self.rng.choice(FLAGS)
        if uids := self._some(box):
            self._client.uid("STORE", uids, f"{how}.SILENT", f"({flag})")
        return f"{how} {flag} in {box} {uids}"

    def move(self) -> str:
        return self._transfer("MOVE")

    def copy(self) -> str:
        return self._transfer("COPY")

    def _transfer(self, how: str) -> str:
        source, target = self.rng.sample(self.boxes, 2)
        if uids := self._some(source):
            self._client.uid(how, uids, _q(target))
        return f"{how} {uids} from {source} to {target}"

    def expunge(self) -> str:
        box = self.rng.choice(self.boxes)
        if uids := self._some(box):
            self._client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
            self._client.expunge()
        return f"expunge {uids} in {box}"

    def create(self) -> str:
        self._made += 1
        name = self.rng.choice(("Work", "R&D", "Café", "deep/er")) + str(self._made)
        wire = name.replace("&", "&-").replace("é", "&AOk-")
        self._client.create(_q(wire))
        self.boxes.append(wire)
        return f"create {wire}"

    def rename(self) -> str:
        if len(self.boxes) < 3:
            return self.create()
        old = self.rng.choice(self.boxes[2:])
        self._made += 1
        self._leave()
        self._client.rename(_q(old), _q(f"Renamed{self._made}"))
        self.boxes[self.boxes.index(old)] = f"Renamed{self._made}"
        return f"rename {old}"

    def delete(self) -> str:
        if len(self.boxes) < 4:
            return self.create()
        box = self.rng.choice(self.boxes[2:])
        self._leave()
        self._client.delete(_q(box))
        self.boxes.remove(box)
        return f"delete {box}"

    def reset(self) -> str:
        """Another UIDVALIDITY under the same name, with the same messages in it."""
        if len(self.boxes) < 3:
            return self.create()
        box = self.rng.choice(self.boxes[2:])
        self._leave()
        self._client.rename(_q(box), "aside")
        self._client.create(_q(box))
        self._client.select("aside")
        if int(self._client.uid("SEARCH", "ALL")[1][0] != b""):
            self._client.uid("COPY", "1:*", _q(box))
        self._leave()
        self._client.delete("aside")
        return f"reset {box}"

    def _leave(self) -> None:
        self._client.select("INBOX")


def _q(name: str) -> str:
    return f'"{name}"'
