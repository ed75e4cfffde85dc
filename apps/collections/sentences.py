"""Telling a person that a change of theirs failed for good: `command:failed`, in their language."""

from typing import TYPE_CHECKING, Final

from apps.outbound.models import Command
from apps.providers.adapters.errors import AdapterError, BothChanged, NotFound, PermissionMissing
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.users.models import User

if TYPE_CHECKING:
    from .kind import CollectionKind

WHAT: Final = {
    "en": {
        "contacts.create": "The contact was not saved",
        "contacts.change": "The contact was not changed",
        "contacts.delete": "The contact was not deleted",
        "calendar.create": "The event was not saved",
        "calendar.change": "The event was not changed",
        "calendar.delete": "The event was not deleted",
    },
    "it": {
        "contacts.create": "Il contatto non è stato salvato",
        "contacts.change": "Il contatto non è stato modificato",
        "contacts.delete": "Il contatto non è stato eliminato",
        "calendar.create": "L'evento non è stato salvato",
        "calendar.change": "L'evento non è stato modificato",
        "calendar.delete": "L'evento non è stato eliminato",
    },
}
WHY: Final = {
    "en": {
        BothChanged.code: "somebody else changed the same thing in the meantime. Both versions are kept: choose one.",
        PermissionMissing.code: "the server does not let you change anything there.",
        NotFound.code: "it no longer exists at the server.",
        "": "{reason}.",
    },
    "it": {
        BothChanged.code: "nel frattempo qualcun altro ha modificato la stessa cosa. Entrambe le versioni sono "
        "conservate: scegline una.",
        PermissionMissing.code: "il server non permette di modificare nulla lì.",
        NotFound.code: "sul server non esiste più.",
        "": "il server l'ha rifiutato ({reason}).",
    },
}
SAID: Final = {"en": " The server said: “{said}”", "it": " Il server ha risposto: «{said}»"}


def sentence(locale: str, what: str, error: AdapterError) -> str:
    """What did not happen and why; `what` is a key of WHAT."""
    spoken = locale if locale in WHAT else "en"
    why = WHY[spoken].get(error.code, WHY[spoken][""]).format(reason=error.reason.rstrip("."))
    said = SAID[spoken].format(said=error.said) if error.said else ""
    return f"{WHAT[spoken][what]}: {why}{said}"


def told(kind: "CollectionKind", account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
    """The event, for the person who asked; nobody hears of commands that nobody asked for."""
    request = command.request
    if request is None:
        return []
    locale = User.objects.filter(pk=request.by_user).values_list("locale", flat=True).first() or "en"
    data = {
        "id": str(request.pk),
        "key": request.key,
        "action": request.action,
        "code": error.code,
        "sentence": sentence(locale, f"{kind.name}.{command.action}", error),
        "messages": [],
        "threads": [],
        "objects": [str(one) for one in command.concerns],
    }
    return [Event("command:failed", account.pk, data, only_for=(request.by_user,))]
