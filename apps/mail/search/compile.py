"""A query's tree to a SQL condition over mail_messagewords w and mail_message m."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from apps.core.folding import fold

from . import words
from .grammar import And, BadQuery, Node, Not, Operator, Or, Text

# Only the messages that hold every word of the phrase are folded and searched.
FOLDED_BODY: Final = "lower(public.unaccent(w.body))"
# Only punctuation narrows nothing, also when it is negated.
EVERYTHING: Final = "true"
# Shorter words match too much as a part of a name; as whole words they are found all the same.
LEAST_SUBSTRING: Final = 3


@dataclass(slots=True)
class Condition:
    """SQL with its parameters, in order."""

    sql: str
    parameters: list[Any]
    indexed: bool = False
    """True when an index names the few messages that can match."""

    @property
    def words_alone(self) -> bool:
        """True when it asks nothing of mail_message."""
        return "m." not in self.sql


MailboxesNamed = Callable[[str], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles for one person: their time zone for dates, their mailboxes for `in:`."""

    zone: ZoneInfo
    mailboxes_named: MailboxesNamed

    def compile(self, node: Node) -> Condition:
        """The condition of a tree. Raises BadQuery for a mailbox that does not exist."""
        match node:
            case And(nodes):
                words = [item for item in nodes if isinstance(item, Text)]
                rest = [self.compile(item) for item in nodes if not isinstance(item, Text)]
                return _joined("AND", ([_words(words)] if words else []) + rest)
            case Or(nodes):
                return _joined("OR", [self.compile(item) for item in nodes])
            case Not(inner):
                negated = self.compile(inner)
                if negated.sql == EVERYTHING:
                    return negated
                return Condition(f"NOT ({negated.sql})", negated.parameters)
            case Text():
                return _words([node])
            case Operator():
                return self._operator(node)

    def _operator(self, node: Operator) -> Condition:
        value = node.value
        match node.name:
            case "from":
                return _contains("w.sender", str(value))
            case "to":
                return _contains("w.recipients", str(value))
            case "cc":
                both = [
                    _contains("w.recipients", str(value)),
                    _contains("lower(public.unaccent(m.recipients->>'cc'))", str(value)),
                ]
                return _joined("AND", both)
            case "subject":
                return _joined("AND", [_contains("w.subject", word) for word in str(value).split()])
            case "filename":
                return _contains("w.filenames", str(value))
            case "in":
                return self._in(str(value))
            case "before" | "after" if isinstance(value, date):
                moment = datetime.combine(value, time.min, self.zone)
                return Condition(f"w.at {'<' if node.name == 'before' else '>='} %s", [moment])
            case "larger" | "smaller":
                return Condition(f"m.size {'>' if node.name == 'larger' else '<'} %s", [value])
            case "has":
                return Condition("m.has_attachment", [])
            case _:
                return Condition(IS[str(value)], [])

    def _in(self, name: str) -> Condition:
        boxes = list(self.mailboxes_named(name))
        if not boxes:
            raise BadQuery(f"There is no mailbox called “{name}”. in: takes a name such as inbox, sent or archive.")
        exists = (
            "EXISTS (SELECT 1 FROM mail_placement p WHERE p.message_id = m.id AND p.leaving IS NULL "
            "AND p.mailbox_id = ANY(%s))"
        )
        return Condition(exists, [boxes])


IS: Final = {
    "unread": r"NOT m.flags @> ARRAY['\seen']",
    "read": r"m.flags @> ARRAY['\seen']",
    "flagged": r"m.flags @> ARRAY['\flagged']",
    "answered": r"m.flags @> ARRAY['\answered']",
    "draft": r"m.flags @> ARRAY['\draft']",
}


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    parameters = [value for condition in conditions for value in condition.parameters]
    all_or_any = any if word == "AND" else all
    indexed = all_or_any(condition.indexed for condition in conditions)
    return Condition(f" {word} ".join(f"({condition.sql})" for condition in conditions), parameters, indexed)


def _contains(column: str, text: str) -> Condition:
    folded = fold(text)
    return Condition(f"{column} LIKE %s", [like(folded)], indexed=len(folded) >= LEAST_SUBSTRING)


def like(part: str) -> str:
    """The LIKE pattern of what holds this part."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _words(texts: Sequence[Text]) -> Condition:
    """All the words, or all of them as parts of subject and names; phrases also in their order."""
    together = words.query(" ".join(text.value for text in texts))
    if together is None:
        return Condition(EVERYTHING, [])
    found = Condition("w.vector @@ %s::tsquery", [together], indexed=True)
    phrases = [text for text in texts if text.phrase and len(words.WORD.findall(text.value)) > 1]
    if phrases:
        in_order = [
            Condition(f"{FOLDED_BODY} ~ public.unaccent(%s) OR w.subject ~ %s", [words.phrase(text.value)] * 2)
            for text in phrases
        ]
        return _joined("AND", [found, *in_order])
    parts = [text.value for text in texts]
    if any(len(part) < LEAST_SUBSTRING for part in parts):
        return found
    parts_of_names = [
        _joined("OR", [_contains(column, part) for column in ("w.subject", "w.sender", "w.recipients", "w.filenames")])
        for part in parts
    ]
    return _joined("OR", [found, _joined("AND", parts_of_names)])
