"""Answers of a model that sits at a person's desk: it looks things up by the tools on offer, and cites by their names.

For requests that offer `search` and `list_events`. It looks once or twice, then says in plain sentences what it was
shown, each followed by the name it rests on: [M1]. What the material asks for is text to it, never an instruction.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.fakes.mistral import tokens
from tests.fakes.mistral.facts import Facts
from tests.fakes.mistral.script import Act, Asked, call, calls, say
from tests.fakes.mistral.words import folded, stems

TODAY: Final = re.compile(r"\b(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November"
                          r"|December) (\d{4}), (\d{2}):(\d{2})")  # fmt: skip
FREE: Final = re.compile(r"\b(?:slot|free|time for|liber[oaie]|disponibil\w+|quando posso)\b")
PROPOSE: Final = re.compile(r"\b(?:propose|schedule|put .* calendar|book|fissa|proponi|metti .* calendario|prenota)\b")
DIARY: Final = re.compile(r"\b(?:calendar\w*|agenda|appointments?|appuntament\w+|diary)\b")
PEOPLE: Final = re.compile(r"\b(?:phone|number of|address of|e-?mail of|telefono|numero di|indirizzo di|contatto)\b")
WITH: Final = re.compile(r"\b(?:with|con|of|di)\s+([A-ZÀ-Ý][\w'’-]+(?:\s+[A-ZÀ-Ý][\w'’-]+)?)")
TITLED: Final = re.compile(r"[“\"«]([^”\"»]{2,80})[”\"»]")
CLOCK: Final = re.compile(r"\b(\d{1,2})(?::(\d{2})|\s?(am|pm))\b|\b(?:at|alle|ore)\s+(\d{1,2})\b")
ITALIAN: Final = re.compile(
    r"\b(?:che|cosa|quando|quali|quanto|quanta|chi|dove|ho|hai|trova|proponi|fissa|metti|mi|il|la|dell|nel|prossima|domani|oggi)\b"
)
DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
}
WORDS: Final = {
    "en": {
        "nothing": "I found nothing about that in what I may read.",
        "empty": "There is nothing in your calendar then.",
        "events": "In your calendar:",
        "slots": "You are free at these times:",
        "both": "You are both free at these times:",
        "alone": "I cannot see the other calendar, so this is yours alone.",
        "none_free": "I found no time free then.",
        "proposed": "I proposed “{title}”. Nothing is in your calendar before you approve it.",
        "refused": "I could not do that: {why}",
        "also": "There is also",
        "wrote": "{who} wrote",
    },
    "it": {
        "nothing": "Non ho trovato nulla al riguardo in ciò che posso leggere.",
        "empty": "In calendario non hai nulla per quei giorni.",
        "events": "In calendario:",
        "slots": "Hai tempo libero in questi momenti:",
        "both": "Siete entrambi liberi in questi momenti:",
        "alone": "Non posso vedere l'altro calendario, quindi è solo il tuo.",
        "none_free": "Non ho trovato tempo libero in quei giorni.",
        "proposed": "Ho proposto «{title}». In calendario non c'è nulla finché non approvi.",
        "refused": "Non ho potuto farlo: {why}",
        "also": "C'è anche",
        "wrote": "{who} ha scritto",
    },
}
MONTHS: Final = "January February March April May June July August September October November December".split()
SHOWN: Final = 4


def sits(asked: Asked) -> bool:
    """True for a request that this module answers."""
    return {"search", "list_events"} <= set(asked.tools)


def answer(asked: Asked) -> Act:
    """The next look, or the answer."""
    question, found = asked.text, _since(asked.messages)
    last = asked.body.get("tool_choice") == "none"
    if not found and not last:
        return _look(question, asked.system)
    if not last and (following := _further(question, asked.system, found)) is not None:
        return following
    return say(_told(question, found))


def _since(messages: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """What the tools gave back since the question: name and JSON."""
    asked: dict[str, str] = {}
    found: list[tuple[str, Any]] = []
    for message in messages:
        if message["role"] == "user":
            asked, found = {}, []
        for use in message.get("tool_calls") or ():
            asked[use["id"]] = use["function"]["name"]
        if message["role"] == "tool":
            found.append((asked.get(str(message.get("tool_call_id")), ""), _json(tokens.plain(message["content"]))))
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {}


def _look(question: str, system: str) -> Act:
    words = folded(question)
    if PROPOSE.search(words):
        return call("propose_event", title=_title(question), start=_start(question, system), minutes=60)
    who = WITH.search(question)
    if FREE.search(words):
        if who:
            return calls(("find_contact", {"name": who[1]}))
        return call("free_slots", **_window(words, system), minutes=60)
    if DIARY.search(words):
        return call("list_events", **_window(words, system))
    if PEOPLE.search(words) and who:
        return calls(("find_contact", {"name": who[1]}))
    return call("search", query=question[:300])


def _further(question: str, system: str, found: Sequence[tuple[str, Any]]) -> Act | None:
    """A second look, where the first one leads to one."""
    if len(found) != 1:
        return None
    name, told = found[0]
    result = told.get("result") if isinstance(told, dict) else None
    if name == "search" and result:
        reads = result[0]["type"] == "message"
        return calls(("read_message", {"name": result[0]["name"]})) if reads else None
    if name == "find_contact" and FREE.search(folded(question)):
        emails = [each for one in result or () for each in one.get("emails", ())]
        known = {"with_whom": emails[0]} if emails else {}
        return call("free_slots", **_window(folded(question), system), minutes=60, **known)
    return None


def _told(question: str, found: Sequence[tuple[str, Any]]) -> str:
    language = "it" if ITALIAN.search(folded(question)) else "en"
    say_it = WORDS[language]
    if not found:
        return say_it["nothing"]
    name, told = found[-1]
    if "refused" in told:
        return say_it["refused"].format(why=told["refused"])
    result = told.get("result")
    if name == "propose_event":
        return say_it["proposed"].format(title=result["proposed"]["title"])
    if name == "list_events":
        return _events(result["events"], language)
    if name == "free_slots":
        return _slots(result, language)
    if name == "find_contact":
        return "\n".join(map(_person, result[:SHOWN])) or say_it["nothing"]
    return _mail(question, found, say_it)


def _mail(question: str, found: Sequence[tuple[str, Any]], say_it: Mapping[str, str]) -> str:
    hits = next((told.get("result") or [] for name, told in found if name == "search"), [])
    read = next((told["result"] for name, told in found if name == "read_message" and "result" in told), None)
    if not hits:
        return say_it["nothing"]
    first = hits[0]
    text = read["text"] if read else first["excerpt"]
    sentences = [one for one in Facts(text).sentences if one.strip()] or [first["title"]]
    near = max(sentences, key=lambda one: len(stems(one) & stems(question)))
    who = say_it["wrote"].format(who=first["who"] or first["title"])
    lines = [f"{who}: “{near.strip()}” [{first['name']}]"]
    if len(hits) > 1:
        second = hits[1]
        lines.append(f"{say_it['also']} “{second['title']}” ({second['who'] or second['type']}) [{second['name']}].")
    return "\n\n".join(lines)


def _person(one: Mapping[str, Any]) -> str:
    return f"{', '.join([one['full_name'], *one['emails'], *one['phones']])} [{one['name']}]"


def _events(events: Sequence[Mapping[str, Any]], language: str) -> str:
    if not events:
        return WORDS[language]["empty"]
    lines = [f"– {_when(one['start'], language)}: {one['title']} [{one['name']}]" for one in events[:12]]
    return "\n".join([WORDS[language]["events"], *lines])


def _slots(result: Mapping[str, Any], language: str) -> str:
    say_it, both = WORDS[language], str(result["calendars"]).startswith("theirs and")
    if not result["free"]:
        return say_it["none_free"]
    lines = [f"– {_when(one['from'], language)}–{one['until'][-5:]}" for one in result["free"][:SHOWN]]
    alone = [] if both or "other" not in str(result["calendars"]) else ["", say_it["alone"]]
    return "\n".join([say_it["both" if both else "slots"], *lines, *alone])


def _when(told: str, language: str) -> str:
    """ "Monday 2026-03-02T09:00" as a person says it."""
    text = told.rpartition(" ")[2]
    day = date.fromisoformat(text[:10])
    return f"{DAYS[language][day.weekday()]} {day.day}/{day.month}{f', {text[11:16]}' if len(text) > 10 else ''}"


def _now(system: str) -> datetime:
    match = TODAY.search(system)
    if match is None:
        raise ValueError("the instructions do not say what day it is")
    month = MONTHS.index(match[2]) + 1
    return datetime(int(match[3]), month, int(match[1]), int(match[4]), int(match[5]))


def _day(words: str, system: str) -> date:
    today = _now(system).date()
    if re.search(r"\b(?:tomorrow|domani)\b", words):
        return today + timedelta(days=1)
    for names in DAYS.values():
        for number, name in enumerate(names):
            if re.search(rf"\b{folded(name)}\b", words):
                return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return today


def _window(words: str, system: str) -> dict[str, str]:
    first = last = _day(words, system)
    if re.search(r"\b(?:next week|settimana prossima|prossima settimana)\b", words):
        today = _now(system).date()
        first = today + timedelta(days=7 - today.weekday())
        last = first + timedelta(days=4)
    elif re.search(r"\b(?:week|settimana)\b", words) or (first == _now(system).date() and FREE.search(words)):
        last = first + timedelta(days=6)
    return {"start": first.isoformat(), "end": last.isoformat()}


def _start(question: str, system: str) -> str:
    hour, minute = 10, 0
    if match := CLOCK.search(question):
        hour, minute = int(match[1] or match[4]), int(match[2] or 0)
        hour = hour % 12 + 12 * (match[3] == "pm") if match[3] else min(hour, 23)
    day = _day(folded(question), system)
    if day == _now(system).date():
        day += timedelta(days=1)
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}"


def _title(question: str) -> str:
    if match := TITLED.search(question):
        return match[1]
    who = WITH.search(question)
    return f"Meeting with {who[1]}" if who else "Meeting"
