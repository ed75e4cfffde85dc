"""Telling a person that a change of theirs failed for good: `command:failed`, in their language."""

from typing import TYPE_CHECKING, Final

from apps.outbound.models import Command
from apps.providers.adapters.errors import AdapterError, BothChanged, NotFound, PermissionMissing
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.users.models import User

if TYPE_CHECKING:
    from .kind import CollectionKind

WHY: Final = {
    "en": {
        BothChanged.code: "somebody else changed the same thing in the meantime. You see their version; open it to "
        "choose between theirs and yours.",
        f"delete.{BothChanged.code}": "somebody else changed it in the meantime. Look at it, and delete it again.",
        PermissionMissing.code: "the server does not let you change anything there.",
        f"merge.{BothChanged.code}": "somebody else changed one of them in the meantime. Nothing was lost. Look at "
        "them, and merge them again.",
        f"absorb.{BothChanged.code}": "somebody else changed it in the meantime. Look at it, and merge it again.",
        NotFound.code: "the place it was in no longer exists at the server.",
        "": "{reason}.",
    },
    "it": {
        BothChanged.code: "nel frattempo qualcun altro ha modificato la stessa cosa. Vedi la sua versione; aprila per "
        "scegliere tra la sua e la tua.",
        f"delete.{BothChanged.code}": "nel frattempo qualcun altro l'ha modificato. Guardalo, ed eliminalo di nuovo.",
        PermissionMissing.code: "il server non permette di modificare nulla lì.",
        f"merge.{BothChanged.code}": "nel frattempo qualcun altro ne ha modificato uno. Nulla è perso. Guardali, "
        "e uniscili di nuovo.",
        f"absorb.{BothChanged.code}": "nel frattempo qualcun altro l'ha modificato. Guardalo, e uniscilo di nuovo.",
        NotFound.code: "sul server il posto in cui si trovava non esiste più.",
        "": "il server l'ha rifiutato ({reason}).",
    },
}
SAID: Final = {"en": " The server said: “{said}”", "it": " Il server ha risposto: «{said}»"}


def sentence(kind: "CollectionKind", locale: str, action: str, error: AdapterError) -> str:
    """What did not happen and why."""
    spoken = locale if locale in WHY else "en"
    reasons = WHY[spoken]
    why = reasons.get(f"{action}.{error.code}") or reasons.get(error.code) or reasons[""]
    said = SAID[spoken].format(said=error.said) if error.said else ""
    return f"{kind.undone[spoken][action]}: {why.format(reason=error.reason.rstrip('.'))}{said}"


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
        "sentence": sentence(kind, locale, command.args.get("undone", command.action), error),
        "messages": [],
        "threads": [],
        "objects": [str(one) for one in command.concerns],
    }
    return [Event("command:failed", account.pk, data, only_for=(request.by_user,))]
