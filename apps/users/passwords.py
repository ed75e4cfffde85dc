"""Passwords: how they are hashed, how strong they must be, and saying so in the person's language."""

import functools
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from zxcvbn import zxcvbn

from .models import User

SHORTEST: Final = 10
LONGEST: Final = 512
# zxcvbn's scale is 0 to 4; 3 withstands 10^8 guesses, against an offline attack on a slow hash.
ENOUGH: Final = 3
# zxcvbn's time grows with the square of the length; what follows cannot make a password weaker.
LOOKED_AT: Final = 72

TOO_SHORT: Final = {
    "en": f"Use at least {SHORTEST} characters. Three or four unrelated words are easy to remember.",
    "it": f"Usa almeno {SHORTEST} caratteri. Tre o quattro parole senza legame si ricordano facilmente.",
}
TOO_LONG: Final = {"en": f"Use at most {LONGEST} characters.", "it": f"Usa al massimo {LONGEST} caratteri."}
TOO_EASY: Final = {"en": "This password is too easy to guess.", "it": "Questa password è troppo facile da indovinare."}
# zxcvbn explains itself in English; a test holds that each of its sentences stands here.
ITALIAN: Final = {
    "Use a few words, avoid common phrases.": "Usa alcune parole, evita le frasi comuni.",
    "No need for symbols, digits, or uppercase letters.": "Simboli, cifre e maiuscole non servono.",
    "Add another word or two. Uncommon words are better.": (
        "Aggiungi una o due parole. Le parole poco comuni sono migliori."
    ),
    "Straight rows of keys are easy to guess.": "I tasti in fila sono facili da indovinare.",
    "Short keyboard patterns are easy to guess.": "I disegni brevi sulla tastiera sono facili da indovinare.",
    "Use a longer keyboard pattern with more turns.": "Usa un disegno sulla tastiera più lungo e con più svolte.",
    'Repeats like "aaa" are easy to guess.': 'Le ripetizioni come "aaa" sono facili da indovinare.',
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': (
        'Le ripetizioni come "abcabcabc" sono poco più difficili di "abc".'
    ),
    "Avoid repeated words and characters.": "Evita parole e caratteri ripetuti.",
    'Sequences like "abc" or "6543" are easy to guess.': ('Le sequenze come "abc" o "6543" sono facili da indovinare.'),
    "Avoid sequences.": "Evita le sequenze.",
    "Recent years are easy to guess.": "Gli anni recenti sono facili da indovinare.",
    "Avoid recent years.": "Evita gli anni recenti.",
    "Avoid years that are associated with you.": "Evita gli anni legati a te.",
    "Dates are often easy to guess.": "Le date sono spesso facili da indovinare.",
    "Avoid dates and years that are associated with you.": "Evita date e anni legati a te.",
    "This is a top-10 common password.": "È una delle 10 password più comuni.",
    "This is a top-100 common password.": "È una delle 100 password più comuni.",
    "This is a very common password.": "È una password molto comune.",
    "This is similar to a commonly used password.": "Somiglia a una password molto usata.",
    "A word by itself is easy to guess.": "Una parola sola è facile da indovinare.",
    "Names and surnames by themselves are easy to guess.": "Nomi e cognomi da soli sono facili da indovinare.",
    "Common names and surnames are easy to guess.": "I nomi e cognomi comuni sono facili da indovinare.",
    "Capitalization doesn't help very much.": "Le maiuscole aiutano poco.",
    "All-uppercase is almost as easy to guess as all-lowercase.": (
        "Tutto maiuscolo è quasi facile come tutto minuscolo."
    ),
    "Reversed words aren't much harder to guess.": "Le parole al contrario sono poco più difficili.",
    "Predictable substitutions like '@' instead of 'a' don't help very much.": (
        "Sostituzioni prevedibili come '@' al posto di 'a' aiutano poco."
    ),
}


MEMORY_KIB: Final = 47_104


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at OWASP's first setting: 46 MiB and one pass.

    Django's own takes 100 MB a try, so forty parallel sign-ins would need 4 GB.
    """

    time_cost = 1
    memory_cost = MEMORY_KIB
    parallelism = 1


class StrengthValidator:
    """Django's validator interface over zxcvbn: length alone, then guessability, no character classes."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError (code `weak_password`) with what is wrong and what would help."""
        language = language_of(user)
        if problems := weaknesses(password, _known_words(user), language):
            raise ValidationError([ValidationError(problem, code="weak_password") for problem in problems])

    def get_help_text(self) -> str:
        """What Django's forms show beside the field."""
        return TOO_SHORT[language_of(None)]


def language_of(user: User | None) -> str:
    """The person's language, or the running one: `it` or `en`."""
    return "it" if ((user.locale if user else None) or get_language() or "en").startswith("it") else "en"


def weaknesses(password: str, known: list[str], language: str) -> list[str]:
    """Sentences about what is wrong with a password; empty when it is good. Pure."""
    if len(password) < SHORTEST:
        return [TOO_SHORT[language]]
    if len(password) > LONGEST:
        return [TOO_LONG[language]]
    verdict = zxcvbn(password[:LOOKED_AT], user_inputs=known)
    if verdict["score"] >= ENOUGH:
        return []
    said = [verdict["feedback"]["warning"], *verdict["feedback"]["suggestions"]]
    return [TOO_EASY[language], *(_in(language, sentence) for sentence in said if sentence)]


def _in(language: str, sentence: str) -> str:
    return ITALIAN[sentence] if language == "it" else sentence


def _known_words(user: User | None) -> list[str]:
    """What anyone would try first: the person's address, its parts, and their name."""
    if user is None:
        return ["pmsync"]
    local, _, domain = user.email.partition("@")
    names = user.name.split()
    joined = ["".join(names), "".join(reversed(names)), local.replace(".", "")]
    return ["pmsync", user.email, local, domain, *local.split("."), *domain.split("."), *names, *joined]


@functools.cache
def _nobody() -> str:
    """A hash that no password opens, to spend the same time on people who do not exist."""
    return make_password("nobody's password, whatever is typed")


def verify(user: User | None, password: str) -> bool:
    """Check a password in the same time for anyone: known, unknown, or without a password."""
    if user is None or not user.is_active or not user.has_usable_password() or len(password) > LONGEST:
        check_password(password[:LONGEST], _nobody())
        return False
    return user.check_password(password)
