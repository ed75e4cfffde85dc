"""Telling a person that a command failed for good: `command:failed`, in their language."""

from typing import Final

from apps.outbound.models import Command
from apps.providers.adapters.errors import AdapterError, NotFound, PermissionMissing
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.users.models import User

from ..models import Message

WHAT: Final = {
    "en": {
        "store": "The mark was not set",
        "move": "The mail was not moved",
        "delete": "The mail was not deleted",
        "create_mailbox": "The mailbox was not made",
        "rename_mailbox": "The mailbox was not renamed",
        "delete_mailbox": "The mailbox was not deleted",
    },
    "it": {
        "store": "Il contrassegno non è stato impostato",
        "move": "I messaggi non sono stati spostati",
        "delete": "I messaggi non sono stati eliminati",
        "create_mailbox": "La cartella non è stata creata",
        "rename_mailbox": "La cartella non è stata rinominata",
        "delete_mailbox": "La cartella non è stata eliminata",
    },
}
WHY: Final = {
    "en": {
        PermissionMissing: "the mail server does not allow it in this mailbox.",
        NotFound: "the mailbox no longer exists.",
        AdapterError: "{reason}.",
    },
    "it": {
        PermissionMissing: "il server di posta non lo permette in questa cartella.",
        NotFound: "la cartella non esiste più.",
        AdapterError: "il server di posta l'ha rifiutato ({reason}).",
    },
}
SAID: Final = {"en": " The server said: “{said}”", "it": " Il server ha risposto: «{said}»"}


def sentence(locale: str, action: str, error: AdapterError) -> str:
    """What did not happen and why."""
    spoken = locale if locale in WHAT else "en"
    why = next(text for kind, text in WHY[spoken].items() if isinstance(error, kind))
    what = WHAT[spoken].get(action, WHAT[spoken]["store"])
    said = SAID[spoken].format(said=error.said) if error.said else ""
    return f"{what}: {why.format(reason=error.reason.rstrip('.'))}{said}"


def told(account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
    """The event, for the person who asked; nobody hears of commands that nobody asked for."""
    request = command.request
    if request is None:
        return []
    locale = User.objects.filter(pk=request.by_user).values_list("locale", flat=True).first() or "en"
    threads = Message.objects.filter(pk__in=command.concerns).values_list("thread_id", flat=True).distinct()
    data = {
        "id": str(request.pk),
        "key": request.key,
        "action": request.action,
        "code": error.code,
        "sentence": sentence(locale, command.action, error),
        "messages": [str(message) for message in command.concerns],
        "threads": [str(thread) for thread in threads],
    }
    return [Event("command:failed", account.pk, data, only_for=(request.by_user,))]
