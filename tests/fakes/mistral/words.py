"""Words of five languages: which are common, what a word's stem is, and which language a text is in."""

import re
import unicodedata
from collections import Counter
from typing import Final

OF_LANGUAGE: Final = {
    "en": frozenset(
        """the a an and or of to in on at for with is are was were be been it this that you we i he she they your our my
        me us not no yes do does did have has had will would can could should please from by as if but so what when
        where who how which there here about just""".split()
    ),
    "it": frozenset(
        """il lo la i gli le un uno una e o di a da in con su per tra fra del della dei delle al alla ai nel nella che
        non si sono sei siamo mi ti ci vi questo questa quello come quando dove chi cosa anche ma se piu ho hai ha
        abbiamo avete hanno per favore buongiorno grazie""".split()
    ),
    "de": frozenset(
        """der die das ein eine einen und oder zu im in an am auf fur mit ist sind war waren es dies diese dass sie wir
        ich er nicht kein ja nein bitte von bei als wenn aber so was wann wo wer wie ihr ihre mein unser noch den dem
        des""".split()
    ),
    "fr": frozenset(
        """le la les un une des et ou de du au aux en dans sur pour avec est sont etait ce cette ces vous nous je il
        elle ils ne pas oui non votre vos notre mon que qui quand comment si mais plus par se""".split()
    ),
    "es": frozenset(
        """el la los las un una unos y o de del al en con por para es son era esto este esta que usted nosotros yo ella
        ellos no si su sus mi como cuando donde quien pero mas se lo le nos favor""".split()
    ),
}
COMMON: Final = frozenset().union(*OF_LANGUAGE.values())
WORD: Final = re.compile(r"[^\W\d_]+")
ENDINGS: Final = (
    "ations ation azioni azione ungen ung mente ement ments ment ables able ibles ible ings ing isce iamo ando endo "
    "ata ate ati ato ita ite iti ito uta ute uti uto ies ied ers er ed es en em e a o i s n"
).split()
SHORTEST: Final = 3


def folded(text: str) -> str:
    """Lower case without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def stem(word: str) -> str:
    """A word without its ending: crude, and the same way for every language."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return word[: -len(ending)]
    return word


def stems(text: str) -> set[str]:
    """The stems of what a text says beyond common words."""
    return {stem(word) for word in WORD.findall(folded(text)) if word not in COMMON}


def language(text: str) -> str:
    """The language whose common words a text uses most; English when it uses none."""
    said = Counter(WORD.findall(folded(text)))
    scores = {name: sum(said[word] for word in words) for name, words in OF_LANGUAGE.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else "en"
