"""How mail programs mark what they quote and sign, language by language: patterns and nothing else."""

import re
from typing import Final


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


# "On Mon, 3 Jun 2024 at 10:00, Anna Rossi <anna@example.org> wrote:" opens with one of these ...
_OPENINGS: Final = _any(
    *("On", "At"),
    *("Il", "In data", "Alle"),
    *("Am", "Den"),
    *("Le", "El", "Em", "Op", "W dniu", "Dnia"),
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}",
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|lun|mar|mer|gio|ven|sab|dom|Mo|Di|Mi|Do|Fr|Sa|So)\.?,?\s",
    r"[^\s<>]{1,64}\s[^<>]{0,100}<[^<>\s]{1,254}>",
)
# ... and ends with one of these.
_CLOSINGS: Final = _any(
    *("wrote", "writes"),
    *("ha scritto", "scrive", "scrisse"),
    r"schrieb(?:\s[^:]{0,200})?",
    *("a écrit", "a ecrit"),
    *("escribió", "escribio"),
    "escreveu",
    r"schreef(?:\s[^:]{0,200})?",
    r"skrev(?:\s[^:]{0,200})?",
    *(r"napisał\(a\)", "napisał"),
    *("пишет", r"написал(?:\(.\))?"),
)
INTRO_START: Final = re.compile(rf"\s{{0,20}}{_OPENINGS}")
INTRO_END: Final = re.compile(rf"{_CLOSINGS}\s{{0,5}}:\s{{0,5}}$", re.IGNORECASE)

_ORIGINAL: Final = _any(
    *("Original Message", "Forwarded message", "Reply message"),
    *("Messaggio originale", "Messaggio inoltrato"),
    *("Original-Nachricht", "Ursprüngliche Nachricht", "Weitergeleitete Nachricht"),
    *("Message d'origine", "Message original", "Message transféré"),
    *("Mensaje original", "Mensaje reenviado", "Mensagem original"),
    *("Oorspronkelijk bericht", "Ursprungligt meddelande"),
)
SEPARATOR: Final = re.compile(
    rf"(?:-{{2,}}\s?{_ORIGINAL}\s?-{{2,}}|Begin forwarded message:|Inizio messaggio inoltrato:|_{{20,}})\s{{0,10}}$",
    re.IGNORECASE,
)

# The block that Outlook puts above what it quotes: From, Sent, To, Subject in the writer's language.
BLOCK_FROM: Final = re.compile(
    rf"\s{{0,5}}\*?{_any('From', 'Da', 'Von', 'De', 'Van', 'Från', 'Fra', 'Od')}\*?\s{{0,3}}:\*?\s{{0,5}}\S",
    re.IGNORECASE,
)
_FIELDS: Final = _any(
    *("Sent", "Date", "To", "Cc", "Subject"),
    *("Inviato", "Data", "A", "Oggetto"),
    *("Gesendet", "Datum", "An", "Betreff"),
    *("Envoyé", "À", "Objet"),
    *(r"Enviado(?: el)?", "Para", "Asunto", "Assunto"),
    *("Verzonden", "Aan", "Onderwerp"),
    *("Skickat", "Till", "Ämne"),
    *("Wysłano", "Do", "Temat"),
)
BLOCK_FIELD: Final = re.compile(rf"\s{{0,5}}\*?{_FIELDS}\*?\s{{0,3}}:", re.IGNORECASE)

SIGNATURE: Final = re.compile(r"--\s?$")

_MOBILE_PHRASES: Final = (
    r"Sent from (?:my|Mail for|Yahoo|Outlook|Samsung|ProtonMail|Proton Mail)\b",
    "Get Outlook for",
    "Inviato dal mio",
    r"Inviato da(?:l mio)? (?:iPhone|iPad|Android|Samsung|Outlook|Posta|Yahoo|smartphone|cellulare)",
    "Scarica Outlook per",
    r"Von meinem \S{1,30}(?: \S{1,30})? gesendet",
    "Gesendet von",
    "Outlook für (?:iOS|Android) beziehen",
    *(r"Envoyé de(?:puis)? mon", "Envoyé à partir de", "Télécharger Outlook"),
    *("Enviado desde mi", "Enviado do meu"),
    *("Verstuurd vanaf mijn", "Verzonden vanaf mijn", "Skickat från min"),
)
MOBILE: Final = re.compile(_any(*_MOBILE_PHRASES), re.IGNORECASE)
MOBILE_STARTS: Final = frozenset(phrase[:2].lower() for phrase in _MOBILE_PHRASES)
"""The first letters of every such signature, so that the pattern itself is tried on few lines."""
