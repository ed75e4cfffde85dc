"""What an answer may rest on: everything that was shown to the model in a turn, under short names that it cites by.

Names are given out here and nowhere else, so a citation of anything that was not shown is none: it is dropped, together
with its mark in the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

LETTERS: Final = {"message": "M", "event": "E", "contact": "C"}
_MARK: Final = re.compile(r"\s?\[\s*((?:[MEC]\d{1,4})(?:\s*[,;]\s*[MEC]\d{1,4})*)\s*\]")
MARK_MOST: Final = 80
"""Characters of a mark; a longer bracket is text."""
_NAME: Final = re.compile(r"[MEC]\d{1,4}")


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that was shown: what it is, whose, and what a citation says of it."""

    kind: str
    id: UUID
    account_id: UUID
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Material:
    """The names of one turn."""

    by_name: dict[str, Shown] = field(default_factory=dict)
    _names: dict[tuple[str, UUID], str] = field(default_factory=dict)

    def name(self, shown: Shown) -> str:
        """The name of something that is about to be shown; the same each time."""
        key = (shown.kind, shown.id)
        if key not in self._names:
            letter = LETTERS[shown.kind]
            number = sum(1 for name in self.by_name if name.startswith(letter)) + 1
            self._names[key] = f"{letter}{number}"
            self.by_name[self._names[key]] = shown
        return self._names[key]

    def accounts(self) -> frozenset[UUID]:
        """Whose mail, events and contacts were shown."""
        return frozenset(shown.account_id for shown in self.by_name.values())


def cited(text: str, material: Material) -> tuple[str, list[dict[str, Any]]]:
    """The answer with the marks of what was shown, and the citations in the order of the text."""
    found: dict[str, Shown] = {}

    def kept(mark: re.Match[str]) -> str:
        known = [name for name in _NAME.findall(mark[1]) if name in material.by_name]
        found.update((name, material.by_name[name]) for name in known)
        return f" [{', '.join(known)}]" if known else ""

    shown = _MARK.sub(kept, text).strip()
    citations = [
        {"name": name, "type": one.kind, "id": str(one.id), "account_id": str(one.account_id)} | dict(one.facts)
        for name, one in found.items()
    ]
    return shown, citations


@dataclass(slots=True)
class Speech:
    """An answer while it is written: told as far as its marks are whole, and of something that was shown."""

    material: Material
    text: str = ""
    told: str = ""
    _cited: set[str] = field(default_factory=set)

    def add(self, piece: str) -> tuple[str, list[dict[str, Any]]]:
        """What may be told after another piece of text, and the citations that are new in it."""
        self.text += piece
        shown, citations = cited(_whole(self.text), self.material)
        words, self.told = shown[len(self.told) :], shown
        new = [one for one in citations if one["name"] not in self._cited]
        self._cited.update(one["name"] for one in new)
        return words, new


def _whole(text: str) -> str:
    """The text without a mark at its end that may still go on."""
    at = text.rfind("[")
    return text[:at] if at >= 0 and "]" not in text[at:] and len(text) - at <= MARK_MOST else text


def unmarked(text: str) -> str:
    """An earlier answer without its marks: the names of another turn mean nothing in this one."""
    return _MARK.sub("", text)
