"""What lies ahead at a day or an hour, by plain rules: what a mail says will take place. Pure.

They name less than a model does, and are for where there is none: a day alone counts only beside a word for something
that takes place; what is excluded, called off, over, a deadline or only a condition is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from . import dates
from .cues import any_of
from .dates import Named
from .letters import Letter

MOST: Final = 5
TAKES_PLACE: Final = any_of(
    r"meet\w*", "call", "visit", "inspection", "workshop", "course", "fair", "webinar", "kick-?off", "training",
    "closed", "takes? place", "hearing", "appointment", r"riunion\w+", r"incontr\w+", "ci vediamo", "sopralluogo",
    "fiera", "corso", "udienza", "appuntamento", "collaudo", "chius[oaie]", "si tiene", "si tengono", "besprechung",
    "termin", "treffen", "messe", "schulung", "abnahme", "begehung", "geschlossen", "findet", "reunion", "rendez-vous",
    "visite", "salon", "formation", "a lieu", "ferme", "cita", "feria", "curso", "cerrad[oa]", "se celebra",
)  # fmt: skip
ONLY_IF: Final = any_of(
    "if", "in case", "unless", "otherwise", "provided", "nel caso", "se", "qualora", "altrimenti", "falls", "wenn",
    "sofern", "au cas", "sinon", "en caso", "s'il", r"si (?:vous|nous|le|la|les|elle|on|tu|no|hay|usted|puede)",
)  # fmt: skip
CALLED_OFF: Final = any_of(
    r"cancel\w+", "called off", "postponed", "put off", r"annullat\w+", r"rinviat\w+", r"spostat\w+", r"disdett\w+",
    "abgesagt", "verschoben", "fallt aus", r"annule\w*", r"reporte\w*", r"cancelad\w+", r"aplazad\w+",
)  # fmt: skip
MOVED: Final = re.compile(r"(?<!\w)(?:to|until|al|alla|a|auf|au|para el|hasta)(?= )")
CANNOT: Final = any_of(
    "cannot", "can't", "can not", "could not", "won't", "does not work", "doesn't work", "not possible",
    "non (?:posso|possiamo|riesco|riusciamo|va|ci sono|e possibile)", r"geht (?:es )?(?:\w+ )?nicht",
    r"passt (?:\w+ )?nicht", "kann ich nicht", "ne (?:peux|pouvons|va|convient) pas", "no (?:puedo|podemos|me va)",
)  # fmt: skip
REFERENCE: Final = re.compile(
    r"(?<!\w)(?:ticket|order|invoice|room|article|sheet|version|no|nr|n|fattura|ordine|sala|articolo|rechnung|auftrag"
    r"|facture|factura)\W*$"
)
OVER: Final = any_of("yesterday", "ieri", "gestern", "hier", "ayer")
UNTIL: Final = re.compile(
    r"(?<!\w)(?:by|before|until|till|no later than|entro|prima|bis|spatestens|vor|avant|d'ici|jusqu'a|antes|hasta)"
    r"(?: \w+){0,2}\W*$"
)
SINCE_DAY: Final = re.compile(
    r"(?<!\w)(?:from|dal|vom|du|del|between)(?: the)? (?P<day>\d{1,2})\.?"
    r"(?: to | al | bis | au | and | ?[-\u2013] ?)(?:zum )?$"
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that will take place: the sentence that says so, and its day, or its moment in the reader's zone."""

    said: str
    start: date | datetime


def ahead(letter: Letter, zone: ZoneInfo, now: datetime) -> list[Ahead]:
    """What a letter says will take place, in its order, each start once, at most MOST."""
    found: dict[date | datetime, Ahead] = {}
    for said, folded in zip(letter.sentences, letter.folded, strict=True):
        for start in _starts(folded, letter.at, zone):
            if not _over(start, now, zone):
                found.setdefault(start, Ahead(said, start))
    return list(found.values())[:MOST]


def _starts(folded: str, written: datetime, zone: ZoneInfo) -> Iterator[date | datetime]:
    if ONLY_IF.search(folded) or CANNOT.search(folded) or OVER.search(folded):
        return
    since = 0
    if off := CALLED_OFF.search(folded):
        moved = MOVED.search(folded, off.end())
        if moved is None:
            return
        since = moved.start()
    there = dates.zone_of(folded) or zone
    for one in dates.named(folded, written.astimezone(there).date()):
        before = folded[: one.place]
        if one.place < since or UNTIL.search(before) or REFERENCE.search(before) or _is_deadline(folded, one):
            continue
        day = _first(before, one)
        if one.hour is not None:
            yield datetime.combine(day, one.hour, there).astimezone(zone)
        elif TAKES_PLACE.search(folded):
            yield day


def _is_deadline(folded: str, one: Named) -> bool:
    """The words for a week's or a month's end hold their own preposition."""
    return UNTIL.search(f"{folded[one.place :].split(' ')[0]} ") is not None


def _first(before: str, one: Named) -> date:
    """The first day of several: "from 17 to 19 November" names the last with its month."""
    since = SINCE_DAY.search(before)
    if since is None or not 1 <= int(since["day"]) < one.day.day:
        return one.day
    return one.day.replace(day=int(since["day"]))


def _over(start: date | datetime, now: datetime, zone: ZoneInfo) -> bool:
    return start < now if isinstance(start, datetime) else start < now.astimezone(zone).date()
