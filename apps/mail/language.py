"""Which text search configuration fits a text: decided by its commonest small words."""

from collections import Counter
from typing import Final

from .search.words import split

WORDS: Final = {
    "english": "the and of to is that for you with are this have not will your from can our please was",
    "italian": "il di che è la per un non con una sono gli del della si ho anche questo alla dei nel come",
    "german": "der die und das ist nicht mit ein eine für sie auf den von werden ich wir auch dem zu",
    "french": "le la les des et est pour que une dans vous nous pas sur avec votre qui ce du au",
    "spanish": "el los las que por una con para es del como más pero su se al lo esta nos muy",
}
# Words as `words.split` gives them: Latin-1 in bytes, or text among the letters of another script.
LANGUAGES_OF: Final[dict[str | bytes, tuple[str, ...]]] = {
    spelled: tuple(name for name, words in WORDS.items() if word in words.split())
    for words in WORDS.values()
    for word in words.split()
    for spelled in (word, word.encode("latin-1"))
}
# Enough to tell; a language must be clearly ahead, else words are only folded and not stemmed.
LOOK_AT: Final = 2000
LEAST: Final = 3


def detect(text: str) -> str:
    """The configuration's name after `pmsync_`: a language, or `simple` when it is none of ours."""
    hits = dict.fromkeys(WORDS, 0)
    for word, times in Counter(filter(LANGUAGES_OF.__contains__, split(text[:LOOK_AT]))).items():
        for name in LANGUAGES_OF[word]:
            hits[name] += times
    (best, most), (_, second) = sorted(hits.items(), key=lambda item: -item[1])[:2]
    return best if most >= LEAST and most > second * 1.2 else "simple"
