"""The words of reports and alerts by mail, and of the page that stops them, in each language. Pure."""

from datetime import date
from typing import Any, Final

LOCALES: Final = ("en", "it")
WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "subject": "Your day, {day}",
        "subject_waiting": "Your day, {day}: {count} waiting for you",
        "subject_alert": "{count} follow-up whose time is up",
        "subject_alerts": "{count} follow-ups whose time is up",
        "title": "Your day, {day}",
        "alert_title": "Time is up",
        "alert_lead": "Nothing was heard, or a day passed, on these since the last letter.",
        "yesterday": "Yesterday",
        "since": "Since {day}",
        "mail": "Mail",
        "figures": "{received} received, {sent} sent, {unread} still unread",
        "from": "Most from",
        "important": "Unread and worth a look",
        "mine": "Waiting for you",
        "theirs": "You are waiting for",
        "more": "and {count} more",
        "today": "Today",
        "all_day": "all day",
        "conflict": "at the same time as {title}",
        "nothing_today": "Nothing in the calendar.",
        "nothing_open": "Nothing.",
        "agents": "The assistant",
        "waits": "{count} waiting for your approval",
        "done": "{count} done",
        "failed": "{count} failed",
        "undone": "{count} undone",
        "read": "messages read along: {count}",
        "suggestions": "Suggestions of the assistant",
        "open": "Open the report",
        "open_followups": "Open the follow-ups",
        "due": "due {day}",
        "missed": "overdue",
        "for_days": "for {count} days",
        "for_day": "since yesterday",
        "no_subject": "(no subject)",
        "no_title": "(no title)",
        "foot_report": "You get this because daily reports by mail are on.",
        "foot_alerts": "You get this because follow-up alerts by mail are on. At most one a day.",
        "stop": "Stop these",
        "settings": "Change hour and days",
    },
    "it": {
        "subject": "La tua giornata, {day}",
        "subject_waiting": "La tua giornata, {day}: {count} in attesa di te",
        "subject_alert": "{count} questione scaduta",
        "subject_alerts": "{count} questioni scadute",
        "title": "La tua giornata, {day}",
        "alert_title": "Tempo scaduto",
        "alert_lead": "Dall'ultimo avviso, su queste questioni non si è saputo nulla o è passato un termine.",
        "yesterday": "Ieri",
        "since": "Da {day}",
        "mail": "Posta",
        "figures": "Ricevuti {received}, inviati {sent}, ancora da leggere {unread}",
        "from": "Soprattutto da",
        "important": "Da leggere, meritano attenzione",
        "mine": "Aspettano te",
        "theirs": "Tu aspetti",
        "more": "e ancora {count}",
        "today": "Oggi",
        "all_day": "tutto il giorno",
        "conflict": "insieme a {title}",
        "nothing_today": "Niente in calendario.",
        "nothing_open": "Niente.",
        "agents": "L'assistente",
        "waits": "in attesa della tua approvazione: {count}",
        "done": "eseguite: {count}",
        "failed": "non riuscite: {count}",
        "undone": "annullate: {count}",
        "read": "messaggi letti insieme a te: {count}",
        "suggestions": "Suggerimenti dell'assistente",
        "open": "Apri il rapporto",
        "open_followups": "Apri le questioni aperte",
        "due": "entro {day}",
        "missed": "scaduta",
        "for_days": "da {count} giorni",
        "for_day": "da ieri",
        "no_subject": "(senza oggetto)",
        "no_title": "(senza titolo)",
        "foot_report": "Ricevi questo messaggio perché i rapporti giornalieri via e-mail sono attivi.",
        "foot_alerts": "Ricevi questo messaggio perché gli avvisi via e-mail sono attivi. Al massimo uno al giorno.",
        "stop": "Non inviarmeli più",
        "settings": "Cambia ora e giorni",
    },
}
STOP: Final[dict[str, dict[str, str]]] = {
    "en": {
        "ask_report": "Stop daily reports by mail?",
        "ask_alerts": "Stop follow-up alerts by mail?",
        "ask_text": "They stay in the app, where you can switch mail on again at any time.",
        "button": "Stop them",
        "done_report": "No more daily reports by mail.",
        "done_alerts": "No more follow-up alerts by mail.",
        "done_text": "They stay in the app. You can switch mail on again there, in Reports.",
        "unknown_report": "This link does not work.",
        "unknown_text": "It is incomplete, or has lapsed. Sign in and choose in Reports what you get by mail.",
    },
    "it": {
        "ask_report": "Non ricevere più i rapporti giornalieri via e-mail?",
        "ask_alerts": "Non ricevere più gli avvisi via e-mail?",
        "ask_text": "Restano nell'app, dove puoi riattivare l'e-mail in qualsiasi momento.",
        "button": "Non inviarmeli più",
        "done_report": "Niente più rapporti giornalieri via e-mail.",
        "done_alerts": "Niente più avvisi via e-mail.",
        "done_text": "Restano nell'app. Lì, in Rapporti, puoi riattivare l'e-mail.",
        "unknown_report": "Questo collegamento non funziona.",
        "unknown_text": "È incompleto, o è scaduto. Accedi e scegli in Rapporti che cosa ricevere via e-mail.",
    },
}
DAYS: Final = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica".split(),
}
MONTHS: Final = {
    "en": "January February March April May June July August September October November December".split(),
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split(),
}


def words(locale: str) -> dict[str, str]:
    """The words of letters; English for a language we do not speak."""
    return WORDS.get(locale, WORDS["en"])


def day(locale: str, when: date) -> str:
    """A day with its weekday: "Monday 30 March"."""
    spoken = locale if locale in LOCALES else "en"
    return f"{DAYS[spoken][when.weekday()]} {when.day} {MONTHS[spoken][when.month - 1]}"


def locale_of(accepted: str) -> str:
    """The first language of an Accept-Language header that we speak."""
    for part in accepted.split(","):
        found = part.split(";")[0].strip()[:2].lower()
        if found in LOCALES:
            return found
    return "en"


def stop_words(locale: str, state: str, kind: str) -> dict[str, Any]:
    """The page's words in a state: `ask`, `done` or `unknown`."""
    said = STOP[locale]
    title = said.get(f"{state}_{kind}") or said[f"{state}_report"]
    return {"title": title, "text": said[f"{state}_text"], "button": said["button"]}
