"""Turns of phrase in five languages by which a mail asks, promises, presses, or is nobody's in particular.

All are searched in text without accents and in lower case.
"""

import re
from typing import Final


def any_of(*phrases: str) -> re.Pattern[str]:
    """A pattern that finds one of these as whole words."""
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


QUESTION: Final = re.compile(r"\?\W*$")
ASKING: Final = any_of(
    r"please (?!consider)", "could you", "can you", "would you", "let me know", "i need", "we need", "send me",
    "kindly",
    "grateful", "be wonderful", "i was wondering", "you have been invited", "invites you",
    "per favore", "per cortesia", "potresti", "potreste", "potrebbe", "puoi", "potete", "fammi sapere",
    "fateci sapere",
    "mi faccia sapere", "mandami", "dimmi", "ti chiedo", "vi chiedo", "le chiedo", "mi serv\\w+", "ci serv\\w+",
    "le sarei",
    "in attesa di un", "sarebbe bello", "ti invito",
    "bitte", "konnten sie", "konntest du", "kannst du", "geben sie", "verbunden", "ware ich ihnen",
    "merci de", "pourriez", "pouvez", "peux-tu", "je vous saurais gre", "il me manque", "confirmez",
    "por favor", "podria", "podrias", "podriais", "puedes", "avisame", "te agradeceria", "dime", "diles",
)  # fmt: skip
NOT_ASKING: Final = any_of(
    "no need to reply", "no reply needed", "no response necessary", "no action", "for your information only",
    "non serve (?:che )?rispond\\w+", "nessuna risposta", "non occorre", "keine antwort", "nicht erforderlich",
    "nur fur deine ablage", "pas besoin de repondre", "no hace falta",
)  # fmt: skip
PROMISING: Final = any_of(
    r"i'll(?! leave)", "i will", "we'll", "we will", "will do", "you'll have", "you will have", "you get",
    "i pass it on",
    "ti mando", "vi mando", "le mando", "te l[aeio] gir\\w+", "gliel[aeio] \\w+", "glie?l[aeio] mando", "ti invio",
    "inviero", "mandero", "portero",
    "ti faccio", "ti dico", "passo in", "entro .* avrai", "bonifico in",
    "ich werde", "ich schicke", "schicke dir", "hast du (?:sie|es|ihn)", "wir senden", "lade ich", "versprochen",
    "bei dir",
    "je vous envoie", "je vous l'envoie", "j'envoie", "nous enverrons", "il part avant", "sans faute",
    "te envio", "se lo envio", "enviare", "le enviaremos", "la tienes", "la entregamos", "lo redacto",
)  # fmt: skip
PRESSING: Final = any_of(
    "urgent\\w*", "asap", "immediately", "as soon as possible", "urgente", "subito", "al piu presto", "dringend",
    "sofort",
    "des que possible", "cuanto antes", "overdue", "scadut\\w+", "blocked", "bloccat\\w+", "misses the",
)  # fmt: skip
BULK: Final = any_of(
    "unsubscribe", "newsletter", "view in browser", "opt out", "disiscriv\\w+", "annullare l'iscrizione", "abmelden",
    "annulla l'iscrizione", "desabonner", "darse de baja", "do not reply", "noreply", "no-reply", "non rispondere",
    "a tutti gli iscritti", "messaggio automatico",
)  # fmt: skip
LISTED: Final = re.compile(r"^(?:re: |r: |aw: )?\[[\w/-]+\]")
AWAY: Final = any_of(
    "out of office", "out of the office", "automatic reply", "fuori ufficio", "risposta automatica", "abwesen\\w+",
    "reponse automatique", "absent\\w* jusqu", "ausente", "acuse de recibo",
)  # fmt: skip
DISCLAIMING: Final = any_of(
    "confidential", "intended (?:only )?for the addressee", "intended recipient", "riservat[eio]", "destinatario",
    "vertraulich", "nicht der richtige empfanger", "confidentiels?", "par erreur", "confidencial", "p\\.? ?iva",
    "s\\.p\\.a",
    "gmbh", "www\\.\\S+",
)  # fmt: skip
DATED: Final = any_of(
    "meeting", "call", "appointment", "visit", "delivery", "lunch", "rehearsal", "interview", "riunione",
    "appuntamento",
    "incontro", "visita", "consegna", "prova", "assemblea", "sopralluogo", "rogito", "termin", "besprechung",
    "gesprach",
    "lieferung", "rendez-vous", "reunion", "livraison", "seance", "cita", "ensayo", "entrega",
)  # fmt: skip
