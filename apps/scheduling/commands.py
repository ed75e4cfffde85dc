"""Scheduling's kind of commands: mails to be sent, and what came by mail to be taken in."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Final

from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.outbound.run import Run
from apps.providers.adapters.errors import AdapterError
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.users.models import User

from . import announcing, arriving
from .models import Said

EXECUTE: Final[Mapping[str, Callable[[Run, Command], Receipt]]] = {
    "invite": announcing.invite,
    "reply": announcing.answer,
    "refuse": announcing.refuse,
    "take": arriving.read,
}
UNSENT: Final = {
    "en": {"invite": "Those invited were not told: {why}.", "": "Your answer was not sent: {why}."},
    "it": {"invite": "Gli invitati non sono stati avvisati: {why}.", "": "La tua risposta non è stata inviata: {why}."},
}


class SchedulingCommands:
    """Implements `outbound.registry.CommandKind`."""

    name = announcing.KIND

    def execute(self, run: Run, command: Command) -> Receipt:
        """See CommandKind."""
        return EXECUTE[command.action](run, command)

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """None: `take` locks the calendars that it writes to, in the order of their accounts."""

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """See CommandKind."""
        if command.action == "take":
            return arriving.take(account, command, receipt)
        if command.action == "invite" and "uid" in receipt:
            text = b64decode(receipt["text"]) if receipt["text"] else None
            Said.objects.update_or_create(account=account, uid=receipt["uid"], key="", defaults={"text": text})
        return []

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """See CommandKind. The event stays as it is; its person hears that others do not know."""
        request = command.request
        if request is None:
            return []
        locale = User.objects.filter(pk=request.by_user).values_list("locale", flat=True).first()
        words = UNSENT[locale if locale in UNSENT else "en"]
        sentence = words.get(command.action, words[""]).format(why=error.reason.rstrip("."))
        data = {
            "id": str(request.pk), "key": request.key, "action": request.action, "code": error.code,
            "sentence": sentence, "messages": [], "threads": [], "objects": [],
        }  # fmt: skip
        return [Event("command:failed", account.pk, data, only_for=(request.by_user,))]

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """None of these commands leaves doubt: the mail itself is a command of its own."""
        raise RuntimeError(f"a {command.action} command cannot be in doubt")
