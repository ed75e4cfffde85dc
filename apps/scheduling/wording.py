"""The mails that carry invitations and answers: subject and text, in the language of the person who sends them."""

from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Final

from apps.compose import wording
from apps.providers.adapters.ical import Item, Moment
from apps.users.models import User

SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "REQUEST": "Invitation: {title}",
        "UPDATE": "Updated invitation: {title}",
        "CANCEL": "Cancelled: {title}",
        "DECLINECOUNTER": "The time stays: {title}",
        "ACCEPTED": "Accepted: {title}",
        "TENTATIVE": "Maybe: {title}",
        "DECLINED": "Declined: {title}",
    },
    "it": {
        "REQUEST": "Invito: {title}",
        "UPDATE": "Invito aggiornato: {title}",
        "CANCEL": "Annullato: {title}",
        "DECLINECOUNTER": "L'orario resta: {title}",
        "ACCEPTED": "Accettato: {title}",
        "TENTATIVE": "Forse: {title}",
        "DECLINED": "Rifiutato: {title}",
    },
}
SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "REQUEST": "{who} invites you.",
        "UPDATE": "{who} has changed this event.",
        "CANCEL": "{who} has cancelled this event.",
        "DECLINECOUNTER": "{who} keeps the time of this event.",
        "ACCEPTED": "{who} will come.",
        "TENTATIVE": "{who} may come.",
        "DECLINED": "{who} will not come.",
    },
    "it": {
        "REQUEST": "{who} ti invita.",
        "UPDATE": "{who} ha modificato questo evento.",
        "CANCEL": "{who} ha annullato questo evento.",
        "DECLINECOUNTER": "{who} mantiene l'orario di questo evento.",
        "ACCEPTED": "{who} parteciperà.",
        "TENTATIVE": "{who} forse parteciperà.",
        "DECLINED": "{who} non parteciperà.",
    },
}
TEXT_MOST: Final = 20_000
"""Characters; the calendar part has all of it."""
UNTITLED: Final = {"en": "event", "it": "evento"}


def _spoken(user: User) -> str:
    return user.locale if user.locale in SUBJECTS else "en"


def subject(user: User, what: str, item: Item) -> str:
    """The subject of a mail that says `what` (a METHOD, UPDATE, or a PARTSTAT) of an event."""
    spoken = _spoken(user)
    title = " ".join(item.title.split()) or UNTITLED[spoken]
    return SUBJECTS[spoken][what].format(title=title)[:500]


def html(user: User, what: str, item: Item, who: str, comment: str = "") -> str:
    """The text for those whose program does not read the calendar part."""
    said = SENTENCES[_spoken(user)][what].format(who=escape(who))
    lines = [f"<strong>{escape(item.title)}</strong>" if item.title else "", escape(when(user, item)),
             escape(item.location)]  # fmt: skip
    more = [comment.strip(), item.description.strip() if what in ("REQUEST", "UPDATE") else ""]
    parts = [said, "<br>".join(filter(None, lines)), *(_lines(text) for text in more if text)]
    return "".join(f"<p>{part}</p>" for part in parts)


def _lines(text: str) -> str:
    return escape(text[:TEXT_MOST]).replace("\n", "<br>")


def when(user: User, item: Item) -> str:
    """Start and end as the person would write them, with their zone; of the series the first."""
    if item.start is None or item.end is None:
        return ""
    if item.start.whole_day:
        last = item.end.local - timedelta(days=1)
        first, until = _day(user, item.start), _day(user, Moment(last, whole_day=True))
        return first if last <= item.start.local else f"{first} – {until}"
    here = item.start.zone or wording.zone(user)
    start, end = item.start.instant(here).astimezone(here), item.end.instant(here).astimezone(here)
    name = item.start.name.replace("_", " ")
    same = start.date() == end.date()
    told = wording.of(user).date
    month = wording.of(user).months
    texts = [told.format(day=each.day, month=month[each.month - 1], year=each.year, time=f"{each:%H:%M}")
             for each in (start, end)]  # fmt: skip
    return f"{texts[0]} – {f'{end:%H:%M}' if same else texts[1]}" + (f" ({name})" if name else "")


def _day(user: User, moment: Moment) -> str:
    return f"{moment.local.day} {wording.of(user).months[moment.local.month - 1]} {moment.local.year}"
