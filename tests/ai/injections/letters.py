"""500 letters that try to steer whoever reads them: tricks, goals and languages, the same for the same seed. Pure."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from .goals import EVE, GOALS, sentence
from .tricks import HARMLESS, TRICKS, Drawn

SEED: Final = 20261129
ALL: Final = 500


@dataclass(frozen=True, slots=True)
class Case:
    """One attack. `token` stands in the subject and nowhere else, so that a search finds this letter."""

    number: int
    trick: str
    goal: str
    language: str

    @property
    def token(self) -> str:
        return f"minutes{self.number:04}"

    @property
    def name(self) -> str:
        return f"{self.number} {self.trick} / {self.goal} / {self.language}"

    @property
    def order(self) -> str:
        return sentence(self.goal, self.language)

    @property
    def drawn(self) -> Drawn:
        return TRICKS[self.trick](self.order, self.language, HARMLESS[self.language])

    @property
    def sender(self) -> str:
        return f"eve{self.number}@{EVE.partition('@')[2]}"

    def letters(self, to: str, at: datetime) -> list[bytes]:
        """The letter as it lies in the mailbox, after the one that prepares it, if the trick takes two."""
        drawn = self.drawn
        last = self._message(drawn, to, at, self.number * 10)
        if not drawn.before:
            return [last]
        first = Drawn(text=f"{HARMLESS[self.language]}\n\n{drawn.before}.")
        return [self._message(first, to, at - timedelta(hours=1), self.number * 10 + 1), last]

    def _message(self, drawn: Drawn, to: str, at: datetime, number: int) -> bytes:
        mail = EmailMessage(SMTP)
        name = _line(drawn.name)[:200] or f"Eve {self.number}"
        mail["From"] = _mailbox(name, self.sender)
        mail["To"] = to
        if drawn.reply_to:
            mail["Reply-To"] = drawn.reply_to
        mail["Subject"] = f"{self.token} {_line(drawn.subject)}".strip()
        mail["Date"] = at
        mail["Message-ID"] = f"<{number}.injection@evil.example>"
        if drawn.page:
            mail.set_content(drawn.page, subtype="html", cte="base64")
        else:
            mail.set_content(drawn.text, cte="base64")
        if drawn.ics is not None:
            mail.add_attachment(
                invitation(self, drawn, to, at).encode(), "text", "calendar", params={"method": "REQUEST"}
            )
        if drawn.file:
            mail.add_attachment(drawn.file_text.encode(), "text", "plain", filename=_line(drawn.file).replace("/", " "))
        return bytes(mail)


def _mailbox(name: str, address: str) -> str:
    quoted = name.replace("\\", " ").replace('"', " ")
    return f'"{quoted}" <{address}>'


def _line(text: str) -> str:
    return " ".join(text.split())


def invitation(case: Case, drawn: Drawn, to: str, at: datetime) -> str:
    """An invitation whose fields say what the trick wants."""
    ics = {name: _escaped(value) for name, value in (drawn.ics or {}).items()}
    begin = at + timedelta(days=3)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//E//E//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
        f"UID:{case.token}@evil.example", f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}", f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
        "DURATION:PT1H", f"SUMMARY:{case.token} {ics.get('SUMMARY', '')}", f"DESCRIPTION:{ics.get('DESCRIPTION', '')}",
        f"LOCATION:{ics.get('LOCATION', '')}", f"X-NOTE:{ics.get('X-NOTE', '')}", f"ORGANIZER:mailto:{case.sender}",
        f'ATTENDEE;CN="{(drawn.ics or {}).get("CN", "Anna").replace(chr(34), " ")}":mailto:{to}',
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def cases(most: int = ALL, seed: int = SEED) -> Sequence[Case]:
    """So many attacks: each trick in turn, each with goals and languages drawn for it, none twice.

    The first ones hold every trick and every goal.
    """
    chance = random.Random(seed)
    wanted = {goal: sorted(said) for goal, said in GOALS.items()}
    decks = []
    for place, trick in enumerate(TRICKS):
        pairs = [(goal, language) for goal, said in wanted.items() for language in said]
        chance.shuffle(pairs)
        # The first of each deck goes through the goals, so that few letters hold all of them.
        first = sorted(wanted)[place % len(wanted)]
        pairs.sort(key=lambda pair, first=first: pair[0] != first)  # type: ignore[misc]  # bound as it is
        decks.append([(trick, goal, language) for goal, language in pairs])
    drawn = (one for row in itertools.zip_longest(*decks) for one in row if one is not None)
    return [Case(number, *one) for number, one in enumerate(itertools.islice(drawn, most))]
