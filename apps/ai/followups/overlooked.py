"""What an answer passes over of several things that were asked at once. Pure."""

import re
from typing import Final

from ..reading import cues, dates
from ..reading.letters import Letter

WORD: Final = re.compile(r"[^\W\d_]{4,}")
NUMBERED: Final = re.compile(r"(?<!\w)\d[.)] ")
WHEN: Final = cues.any_of("when", "by when", "quando", "wann", "quand", "cuando")
ALL_OF_IT: Final = re.compile(
    r"^(?:yes|si|ja|oui|both|all|entramb|tutt|beide|alles|tout|ambas|todo)\W*"
    r"(?:to (?:both|all)|both|tutt\w+|beides|les deux|a todo)"
)
HINGE: Final = (
    r"(?:how|what|when|who|which|where|can|could|do|does|is|are|will|would|may|il|la|lo|i|le|l'|quando|quant\w+|chi"
    r"|che|come|dove|puo\w*|si puo|c'e|avete|hai|ha|bis|wann|wie|wer|was|wo|gibt|ist|sind|hat|kann|konnen|quel\w*"
    r"|combien|quand|qui|ou|vous|peut|y a|cuant\w+|cuando|que|quien|donde|hay|es|se puede|tu|tuo|your|ihre?|votre|su)"
)
"""What a second question begins with, after a comma or an "and"."""
AND: Final = r"(?:and|e|und|et|y)"
SEPARATOR: Final = re.compile(rf"\?|(?<!\w)\d[.)] |[;\n]|,? {AND} (?={HINGE}\b)|, (?={HINGE}\b)")
COMMON: Final = frozenset(
    "have what when that this with your will would could please need also thank thanks from much many quan quando "
    "come dove siete sono avete anche grazie voi nostr vostr wann viele konn habe haben sind eine einen nich danke "
    "combien quand vous avez etes pour merci dans cuan cuando tene para gracias esta puede quel bitt wurd ihre".split()
)
"""Words, by their first letters, that say nothing of what a sentence is about."""


def passes_over(asked: Letter, answer: Letter) -> bool:
    """True when of several things that `asked` asks at once, `answer` says nothing of one."""
    items = _items(asked)
    if len(items) < 2 or not answer.sentences:
        return False
    text = " ".join(answer.folded)
    if ALL_OF_IT.match(text):
        return False
    words = _content(text)
    enough = max(_parts(answer), len(answer.attachments)) >= len(items)
    unmet = [item for item in items if not _content(item) & words]
    return any(not enough or (WHEN.search(item) and not _tells_when(text, answer)) for item in unmet)


def _items(letter: Letter) -> list[str]:
    """The separate things that a message asks for."""
    pieces: list[str] = []
    for sentence in letter.folded:
        if "?" not in sentence and not cues.ASKING.search(sentence):
            continue
        _, colon, listed = sentence.partition(":")
        if colon and "," in listed and not NUMBERED.search(listed):
            pieces += re.split(rf"[,;]| {AND} ", listed)
        else:
            pieces += SEPARATOR.split(listed if colon else sentence)
    return [piece.strip() for piece in pieces if _content(piece) and len(piece.split()) > 1]


def _content(text: str) -> set[str]:
    """The first letters of its longer words, by which two texts are about the same."""
    return {word[:4] for word in WORD.findall(text)} - COMMON


def _parts(letter: Letter) -> int:
    """How many separate things an answer says."""
    if numbers := NUMBERED.findall(" ".join(letter.folded)):
        return len(numbers)
    said = [part.strip(" .!") for one in letter.folded for part in re.split(r"[,;]", one)]
    return len([part for part in said if part and not cues.THANKS.match(part)])


def _tells_when(text: str, letter: Letter) -> bool:
    return bool(dates.named(text, letter.at.date()) or dates.CLEAR_HOUR.search(text))
