"""A conversation as rules and prompts read it: pure records, and what of a text is its writer's own. No Django."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any, Final

from apps.core.folding import fold
from apps.providers.adapters import mime

from . import cues

# German days end in a full stop: "9. November" is no end of a sentence.
SENTENCE: Final = re.compile(
    r"(?<=[.!?…])(?!(?<=\d\.)\s(?:Jan|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez))[\s\"»)]+|\n{2,}|\n(?=[-*•\d])"
)
READ_MOST: Final = 20_000
"""Characters of a message that rules look at: nobody asks for something further down."""
SHORT_LINE: Final = 70
NAME_LETTERS: Final = 3
EVERYBODYS: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com me.com gmx.de gmx.net web.de "
    "libero.it virgilio.it tiscali.it alice.it orange.fr wanadoo.fr free.fr laposte.net proton.me protonmail.com "
    "aol.com msn.com mail.com t-online.de freenet.de yahoo.it yahoo.fr yahoo.es hotmail.it pec.it".split()
)
"""Domains where two people are not of one company."""


@dataclass(frozen=True)
class Letter:
    """One message. Addresses are in lower case; `method` is that of its calendar part that waits for an answer."""

    id: str
    sender: str
    name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    at: datetime
    subject: str
    text: str
    attachments: tuple[str, ...] = ()
    method: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def own(self) -> str:
        """What the writer says now: no quote, no greeting, no signature, nothing said to programs."""
        return own_words(self.text, self.name)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of it, as written."""
        return tuple(" ".join(part.split()) for part in SENTENCE.split(self.own) if part.strip())

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The sentences folded (case, accents), for comparing with cues."""
        return tuple(fold(sentence) for sentence in self.sentences)

    @cached_property
    def kind(self) -> str:
        """What the head alone tells: `bounce`, `auto_reply`, `list`, `newsletter`, `notification`, or nothing."""
        return cues.kind_of(self.sender, fold(self.subject), self.facts)


@dataclass(frozen=True)
class Conversation:
    """The messages of a thread, oldest first, as the person with the addresses `own` has them at `now`.

    `elsewhere` are later messages between the same people in other threads; `known` the addresses that the person has
    written to before.
    """

    own: frozenset[str]
    letters: tuple[Letter, ...]
    zone: tzinfo
    now: datetime
    elsewhere: tuple[Letter, ...] = ()
    known: frozenset[str] = frozenset()
    name: str = ""

    def mine(self, letter: Letter) -> bool:
        """True for what the person wrote."""
        return letter.sender in self.own

    def ours(self, letter: Letter) -> bool:
        """True for what the person, or a colleague of the same company's domain, wrote."""
        return self.mine(letter) or letter.sender.rpartition("@")[2] in self.domains

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains that are the company's own."""
        return frozenset(address.rpartition("@")[2] for address in self.own) - EVERYBODYS

    def addressed(self, letter: Letter) -> bool:
        """True when the person is among those it is written to, not only in copy."""
        return bool(self.own & set(letter.to)) or not self.own & {*letter.to, *letter.cc}


def own_words(text: str, name: str) -> str:
    """See `Letter.own`. `name` is the writer's: a line that holds it begins the signature."""
    text = cues.TO_PROGRAMS.sub(" ", text[:READ_MOST].replace("\r\n", "\n"))
    folded = mime.fold_quotes(text)
    said = "".join(text[start:end] for start, end in folded.visible).strip()
    lines = said.split("\n")
    kept = lines[: _signature(lines, _names(name))]
    words = "\n".join(line for line in kept if not cues.ADDRESSES_PROGRAMS.search(fold(line))).strip()
    return cues.GREETING.sub("", words, count=1).strip()


def _names(name: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", fold(name)) if len(word) >= NAME_LETTERS)


def _signature(lines: Sequence[str], names: frozenset[str]) -> int:
    """The line at which the signature begins; the number of lines when there is none."""
    for at, line in enumerate(lines):
        folded = fold(line.strip())
        if at == 0 or not folded or len(folded) > SHORT_LINE:
            if at and cues.DISCLAIMER.search(folded):
                return at
            continue
        begins = not lines[at - 1].strip()
        signed = bool(names & set(re.findall(r"\w+", folded))) and not folded.endswith("?")
        if cues.DISCLAIMER.search(folded) or (begins and (signed or cues.CLOSING.match(folded))):
            return at
        if cues.CLOSING.match(folded) and len(folded.split()) <= 4:
            return at
    return len(lines)
