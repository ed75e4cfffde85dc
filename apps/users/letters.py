"""The words of the letters we mail to people, in each language. Pure: knows no database and no mail."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One letter: `{...}` are filled in; `code` and `link` stand between `before` and `after`."""

    subject: str
    before: str
    after: str
    button: str = ""


# By kind and language. Kinds are the purposes of codes, and notices that carry neither code nor link.
WORDS: Final[dict[tuple[str, str], Words]] = {
    ("sign_in", "en"): Words(
        "Your sign-in code for PMSync",
        "Type this code where you asked for it. It works once, for 10 minutes.",
        "If you did not ask for it, you can ignore this message: nobody gets in without the code.",
    ),
    ("sign_in", "it"): Words(
        "Il tuo codice di accesso a PMSync",
        "Scrivi questo codice dove lo hai chiesto. Funziona una volta sola, per 10 minuti.",
        "Se non lo hai chiesto tu, ignora questo messaggio: senza il codice nessuno può entrare.",
    ),
    ("second_step", "en"): Words(
        "Your second-step code for PMSync",
        "Your password was just used to sign in. Type this code to go on. It works once, for 10 minutes.",
        "If this was not you, somebody knows your password: change it now.",
    ),
    ("second_step", "it"): Words(
        "Il codice del secondo passo per PMSync",
        "La tua password è appena stata usata per accedere. Scrivi questo codice per continuare. "
        "Funziona una volta sola, per 10 minuti.",
        "Se non sei stato tu, qualcuno conosce la tua password: cambiala subito.",
    ),
    ("reset", "en"): Words(
        "Set a new password for PMSync",
        "Somebody, probably you, asked to set a new password. This link works once, for one hour.",
        "If it was not you, you can ignore this message: your password stays as it is.",
        "Set a new password",
    ),
    ("reset", "it"): Words(
        "Imposta una nuova password per PMSync",
        "Qualcuno, probabilmente tu, ha chiesto di impostare una nuova password. "
        "Questo collegamento funziona una volta sola, per un'ora.",
        "Se non sei stato tu, ignora questo messaggio: la tua password resta com'è.",
        "Imposta una nuova password",
    ),
    ("invitation", "en"): Words(
        "Your PMSync account is ready",
        "An account was made for you. Choose a password to begin. This link works once, for three days.",
        "Afterwards you sign in with this address and your password.",
        "Choose a password",
    ),
    ("invitation", "it"): Words(
        "Il tuo account PMSync è pronto",
        "È stato creato un account per te. Scegli una password per iniziare. "
        "Questo collegamento funziona una volta sola, per tre giorni.",
        "Poi accedi con questo indirizzo e la tua password.",
        "Scegli una password",
    ),
    ("two_step_is_on", "en"): Words(
        "Signing in to PMSync",
        "Somebody asked to sign in with a mailed code only. You turned on two steps, so a code alone opens nothing.",
        "Sign in with your password; the code follows after it.",
    ),
    ("two_step_is_on", "it"): Words(
        "Accesso a PMSync",
        "Qualcuno ha chiesto di accedere con il solo codice via e-mail. Hai attivato i due passi, "
        "quindi il codice da solo non basta.",
        "Accedi con la password; il codice arriva dopo.",
    ),
    ("password_changed", "en"): Words(
        "Your PMSync password was changed",
        "Your password was changed just now, and your other devices were signed out.",
        "If this was not you, ask for a new password at once on the sign-in page.",
    ),
    ("password_changed", "it"): Words(
        "La tua password di PMSync è cambiata",
        "La tua password è stata appena cambiata e gli altri tuoi dispositivi sono stati scollegati.",
        "Se non sei stato tu, chiedi subito una nuova password dalla pagina di accesso.",
    ),
}
NOTICES: Final = frozenset({"two_step_is_on", "password_changed"})


def words(kind: str, locale: str) -> Words:
    """The letter's words; English for a language we do not speak."""
    return WORDS.get((kind, locale)) or WORDS[kind, "en"]
