"""The first lines of a daily report: what waits and what is due, said from the lines of its material."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.mistral.script import Asked

MATERIAL: Final = re.compile(r"<report>\s*(.*?)\s*</report>", re.DOTALL)
WAITS: Final = re.compile(r"^Waits for me since \S+?(?:, due [^ (:]+)?( \(missed\))?: (.+)$", re.MULTILINE)
OTHERS: Final = re.compile(r"^I wait for (\S+) since \S+?(?:, due [^ (:]+)?(?: \(missed\))?: (.+)$", re.MULTILINE)
EVENTS: Final = re.compile(r"^Today: \S*T(\d\d:\d\d)\S* to \S+: (.+)$", re.MULTILINE)
APPROVALS: Final = re.compile(r"^Waits for approval: ", re.MULTILINE)
WORDS: Final = {
    "English": {
        "waits": "{count} waiting for you: “{first}”.", "calm": "Nothing is waiting for you.",
        "event": "Your day begins at {at} with “{title}”.", "free": "Nothing is in your calendar today.",
        "answer": "Answer “{first}”.", "ask": "Ask {who} about “{what}”.",
        "decide": "Decide on what waits for approval ({count}).",
    },
    "Italian": {
        "waits": "{count} in attesa di te: «{first}».", "calm": "Nulla aspetta te.",
        "event": "La giornata comincia alle {at} con «{title}».", "free": "Oggi in calendario non c'è nulla.",
        "answer": "Rispondi a «{first}».", "ask": "Chiedi a {who} di «{what}».",
        "decide": "Decidi su ciò che aspetta la tua approvazione ({count}).",
    },
}  # fmt: skip
COUNT: Final = {"English": ("One thing is", "{} things are"), "Italian": ("Una cosa", "{} cose")}
ONE, MANY = 0, 1


def lines(asked: Asked) -> Mapping[str, Any] | None:
    """What the schema of a report takes; None for any other request."""
    found = MATERIAL.search(asked.text)
    if found is None or set((asked.schema or {}).get("properties", ())) != {"summary", "suggestions"}:
        return None
    language = "Italian" if "Italian" in asked.system else "English"
    words, text = WORDS[language], found[1]
    waits, others = WAITS.findall(text), OTHERS.findall(text)
    events, approvals = EVENTS.findall(text), len(APPROVALS.findall(text))
    count = COUNT[language][ONE if len(waits) == 1 else MANY].format(len(waits))
    first = words["waits"].format(count=count, first=waits[0][1]) if waits else words["calm"]
    second = words["event"].format(at=events[0][0], title=events[0][1]) if events else words["free"]
    do = [words["answer"].format(first=waits[0][1])] if waits else []
    do += [words["ask"].format(who=others[0][0], what=others[0][1])] if others else []
    do += [words["decide"].format(count=approvals)] if approvals else []
    return {"summary": f"{first} {second}", "suggestions": do}
