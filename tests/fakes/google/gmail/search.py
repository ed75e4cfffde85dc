"""Gmail's search box: operators over headers, labels, dates and sizes; what is no operator is a word."""

import re
from datetime import UTC, datetime
from typing import Final

from tests.fakes.google.gmail import mime
from tests.fakes.google.gmail.mailbox import Mailbox, Stored

DAY: Final = 86_400
UNITS: Final = {"d": DAY, "m": 30 * DAY, "y": 365 * DAY, "h": 3600}
TOKEN: Final = re.compile(r'(-?)(?:([A-Za-z_0-9]+):)?(?:"([^"]*)"|\(([^)]*)\)|\{([^}]*)\}|([^\s(){}"]+))')
STATES: Final = {
    "unread": ("UNREAD", True), "read": ("UNREAD", False), "starred": ("STARRED", True),
    "important": ("IMPORTANT", True),
}  # fmt: skip
PLACES: Final = {
    "inbox": "INBOX",
    "sent": "SENT",
    "draft": "DRAFT",
    "drafts": "DRAFT",
    "spam": "SPAM",
    "trash": "TRASH",
}
HEADERS: Final = {
    "from": ("From",),
    "to": ("To", "Cc", "Bcc"),
    "cc": ("Cc",),
    "bcc": ("Bcc",),
    "deliveredto": ("Delivered-To",),
}


def reaches_everywhere(query: str) -> bool:
    """True when the query itself names spam or trash, or everything."""
    return bool(re.search(r"(?i)\bin:(anywhere|spam|trash)\b", query))


def matches(mailbox: Mailbox, stored: Stored, query: str) -> bool:
    """True when the message answers to the whole query."""
    if stored.searchable_at > mailbox.clock.now():
        return False
    return all(any(_term(mailbox, stored, *term) for term in alternatives) for alternatives in _groups(query))


def _groups(query: str) -> list[list[tuple[bool, str, str]]]:
    """A conjunction of alternatives: `OR` and braces join terms."""
    groups: list[list[tuple[bool, str, str]]] = []
    joining = False
    for negated, name, quoted, bracketed, braced, word in TOKEN.findall(query):
        if word == "OR" and not name:
            joining = True
            continue
        if word == "AND" and not name:
            continue
        if braced:
            groups.append([term for group in _groups(braced) for term in group])
            continue
        if bracketed and not name:
            groups.extend(_groups(bracketed))
            continue
        term = (bool(negated), name.lower(), (quoted or bracketed or word).lower())
        if joining and groups:
            groups[-1].append(term)
        else:
            groups.append([term])
        joining = False
    return groups


def _term(mailbox: Mailbox, stored: Stored, negated: bool, name: str, value: str) -> bool:
    return _holds(mailbox, stored, name, value) != negated


def _holds(mailbox: Mailbox, stored: Stored, name: str, value: str) -> bool:
    message = stored.message
    if name == "rfc822msgid":
        return value.strip("<>") in (one.strip("<>").lower() for one in mime.message_ids(message, "Message-ID"))
    if name in HEADERS:
        return any(value in mime.header(message, header).lower() for header in HEADERS[name])
    if name == "subject":
        return value in mime.header(message, "Subject").lower()
    if name == "is" and value in STATES:
        label, wanted = STATES[value]
        return (label in stored.labels) is wanted
    if name == "in":
        return value == "anywhere" or PLACES.get(value, value.upper()) in stored.labels
    if name == "category":
        return f"CATEGORY_{'PERSONAL' if value == 'primary' else value.upper()}" in stored.labels
    if name == "label":
        return any(
            _label_word(label.name) == _label_word(value) and label.id in stored.labels
            for label in mailbox.labels.values()
        )
    if name == "has" and value == "attachment":
        return mime.has_attachment(message)
    if name in ("after", "newer", "before", "older"):
        moment = _moment(value)
        return moment is None or (stored.internal_date / 1000 >= moment) is (name in ("after", "newer"))
    if name in ("newer_than", "older_than") and re.fullmatch(r"\d+[dmyh]", value, re.ASCII):
        edge = mailbox.clock.now() - int(value[:-1]) * UNITS[value[-1]]
        return (stored.internal_date / 1000 >= edge) is (name == "newer_than")
    if name in ("larger", "smaller", "size") and re.fullmatch(r"\d+[km]?", value, re.ASCII):
        size = int(value.rstrip("km")) * {"k": 1024, "m": 1024**2}.get(value[-1], 1)
        return len(stored.raw) < size if name == "smaller" else len(stored.raw) >= size
    return (f"{name}:{value}" if name else value) in mime.text_of(message)


def _label_word(name: str) -> str:
    return re.sub(r"[\s/]+", "-", name.lower())


def _moment(text: str) -> float | None:
    """A date, in UTC, or seconds since the epoch."""
    if re.fullmatch(r"\d{9,}", text, re.ASCII):
        return float(text)
    found = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", text, re.ASCII)
    if not found:
        return None
    year, month, day = map(int, found.groups())
    return datetime(year, month, day, tzinfo=UTC).timestamp()
