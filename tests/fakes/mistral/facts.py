"""What can be read off a text by plain rules: the mail in it, its requests and promises, addresses, sums, its tone."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import takewhile
from typing import Final

from tests.fakes.mistral import phrases
from tests.fakes.mistral.moments import Moment, moments, written_on
from tests.fakes.mistral.words import folded, language, stems

ENCLOSED: Final = re.compile(
    r"<(?P<tag>[a-z_]+)[^<>@]*>\s*(?P<inside>.+?)\s*</(?P=tag)>|```\w*\n(?P<fenced>.+?)```", re.DOTALL
)
HEADER: Final = re.compile(
    r"^(?P<name>From|To|Cc|Subject|Date|Sent|Da|A|Oggetto|Data|Von|An|Betreff|Datum)\s*:\s*(?P<value>.+)$", re.M
)
MAIL: Final = re.compile(r"(?:^|\n)\s*\n(?=(?:From|Da|Von|De)\s*:)")
SUBJECTS: Final = ("Subject", "Oggetto", "Betreff")
QUOTE: Final = re.compile(
    r"^(?:>.*|-{2,} ?(?:original message|messaggio originale|ursprungliche nachricht|forwarded message).*"
    r"|(?:on|il giorno|am|le|el) .{0,120}(?:wrote|ha scritto|schrieb|a ecrit|escribio)\s*:?)$",
    re.MULTILINE | re.IGNORECASE,
)
GREETING: Final = re.compile(
    r"\A(?:hi|hello|hey|dear|good \w+|ciao|buongiorno|buonasera|gentil\w+|egregi\w+|car[oaie]|hallo|guten \w+|liebe\w*"
    r"|sehr geehrte\w*|bonjour|bonsoir|cher|chere|madame|monsieur|hola|buenos \w+|estimad\w+)\b[^\n.!?]{0,60}[,!.]?\n+",
    re.IGNORECASE,
)
SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n{2,}|\n(?=[-*•\d])")
ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE: Final = re.compile(r"\+?\d[\d ()/-]{6,}\d")
LINK: Final = re.compile(r"https?://[^\s<>\"]+")
SUM: Final = re.compile(
    r"(?:[€$£]|\b(?:eur|usd|gbp|chf)\b)\s?(\d[\d.,]*)|(\d[\d.,]*)\s?(?:[€$£]|\b(?:eur|usd|gbp|chf|euro)\b)"
)
NUMBER: Final = re.compile(r"\b\d+(?:[.,]\d+)?\b")


@dataclass(frozen=True)
class Facts:
    """One text, and what is found in it."""

    whole: str

    @cached_property
    def source(self) -> str:
        """The part that the text is about: what stands between tags or fences and begins like a mail, else the longest
        that stands so, or all of it."""
        found = [match["inside"] or match["fenced"] for match in ENCLOSED.finditer(self.whole)]
        return max(found, key=lambda one: (HEADER.match(one) is not None, len(one)), default=self.whole)

    @cached_property
    def mails(self) -> list[str]:
        """The mails of the source: each begins with a line that says who wrote it, after an empty one."""
        return [one for one in MAIL.split(self.source) if one.strip()]

    @cached_property
    def mail(self) -> str:
        """The last mail that no machine wrote: what it asks is open, what came before was seen by its writer."""
        written = [one for one in self.mails if not phrases.AWAY.search(folded(one))]
        return (written or self.mails or [""])[-1]

    @cached_property
    def reader(self) -> str:
        """The address of the person who is being told: the first one outside the source."""
        found = ADDRESS.search(self.whole.replace(self.source, " ") if self.source != self.whole else "")
        return found[0].lower() if found else ""

    @property
    def own(self) -> bool:
        """True when that person wrote the last mail."""
        return bool(self.reader) and self.reader in self.sender.lower()

    @cached_property
    def headers(self) -> dict[str, str]:
        """The lines of the last mail's head, by their names as written; the first of each."""
        found: dict[str, str] = {}
        for match in HEADER.finditer(self.mail):
            found.setdefault(match["name"], match["value"].strip())
        return found

    @cached_property
    def body(self) -> str:
        """What the writer says: no head, no greeting, no quotes, no signature."""
        text = HEADER.sub("", self.mail)
        quote = QUOTE.search(folded(text)) if len(folded(text)) == len(text) else QUOTE.search(text)
        if quote is not None and text[: quote.start()].strip():
            text = text[: quote.start()]
        text = GREETING.sub("", re.split(r"^-- ?$", text, maxsplit=1, flags=re.MULTILINE)[0].strip())
        first, *more = re.split(r"\n\s*\n", text)
        kept = takewhile(lambda one: not phrases.DISCLAIMING.search(folded(one)), more)
        return "\n\n".join([first, *kept])

    @cached_property
    def sentences(self) -> list[str]:
        """The sentences of the body."""
        split = (" ".join(one.split()).lstrip("-*• ") for one in SENTENCE.split(self.body))
        return [one for one in split if one]

    @cached_property
    def requests(self) -> list[str]:
        """Sentences that ask for something; what is written to everybody asks nobody."""
        if self.bulk or self.away:
            return []
        return [one for one in self.sentences if _asks(folded(one)) and not one.endswith(":")]

    @cached_property
    def promises(self) -> list[str]:
        """Sentences in which the writer says what the writer will do."""
        return [one for one in self.sentences if phrases.PROMISING.search(folded(one))]

    @cached_property
    def base(self) -> date | None:
        """The day on which the text was written, if it says so."""
        return written_on(self.mail) or written_on(self.source) or written_on(self.whole)

    @cached_property
    def moments(self) -> list[Moment]:
        """The days and hours that the body names."""
        return moments(self.body, self.base)

    @cached_property
    def language(self) -> str:
        return language(self.body)

    @cached_property
    def stems(self) -> set[str]:
        return stems(self.source)

    @property
    def subject(self) -> str:
        return next((self.headers[name] for name in SUBJECTS if name in self.headers), "")

    @property
    def sender(self) -> str:
        return next((self.headers[name] for name in ("From", "Da", "Von") if name in self.headers), "")

    @property
    def bulk(self) -> bool:
        """Written to many, or by a machine."""
        return bool(phrases.BULK.search(folded(self.mail)) or phrases.LISTED.search(folded(self.subject)))

    @property
    def away(self) -> bool:
        """An automatic answer."""
        return bool(phrases.AWAY.search(folded(self.mail)))

    @property
    def pressing(self) -> bool:
        return bool(phrases.PRESSING.search(folded(f"{self.subject}\n{self.body}")))

    @property
    def wants_an_answer(self) -> bool:
        return bool(self.requests) and not self.own and not phrases.NOT_ASKING.search(folded(self.body))

    @property
    def gist(self) -> str:
        """The first sentence that says something."""
        long = [one for one in self.sentences if len(one.split()) > 3]
        return (long or self.sentences or [""])[0]

    @cached_property
    def addresses(self) -> list[str]:
        return ADDRESS.findall(self.source)

    @cached_property
    def sums(self) -> list[float]:
        """Amounts of money."""
        return [_number(one or other) for one, other in SUM.findall(folded(self.body))]

    @cached_property
    def numbers(self) -> list[float]:
        return [_number(one) for one in NUMBER.findall(self.body)]


def _asks(sentence: str) -> bool:
    asked = phrases.QUESTION.search(sentence) or phrases.ASKING.search(sentence)
    return bool(asked) and not phrases.NOT_ASKING.search(sentence)


def _number(text: str) -> float:
    """A number as any of the languages write it: the last of two marks is the decimal one."""
    text = text.rstrip(".,")
    marks = [mark for mark in text if mark in ".,"]
    if len(set(marks)) == 2:
        text = text.replace("." if marks[-1] == "," else ",", "").replace(",", ".")
    elif marks:
        decimal = len(text) - text.rindex(marks[0]) - 1 != 3 and len(marks) == 1
        text = text.replace(marks[0], "." if decimal else "")
    return float(text)
