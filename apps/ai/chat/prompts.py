"""Quick questions that a person may begin with, in their language."""

from typing import Final

QUICK: Final = {
    "en": (
        "What is on my calendar tomorrow?",
        "Which messages of the last days wait for my answer?",
        "When do I have an hour free next week?",
        "What was agreed on in my newest messages?",
    ),
    "it": (
        "Che cosa ho in calendario domani?",
        "Quali messaggi degli ultimi giorni aspettano una mia risposta?",
        "Quando ho un'ora libera la settimana prossima?",
        "Che cosa è stato concordato nei miei ultimi messaggi?",
    ),
}


def of(locale: str) -> list[str]:
    """Those of a language; English where there are none."""
    return list(QUICK.get(locale[:2], QUICK["en"]))
