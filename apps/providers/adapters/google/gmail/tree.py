"""Making, renaming and deleting labels. Each can be repeated: what is there already is what was wanted."""

import contextlib
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import CreateMailbox, DeleteMailbox, MailboxRecord, Receipt, RenameMailbox
from apps.providers.adapters.google.api import Api, Json
from apps.providers.adapters.google.gmail import labels

LONGEST: Final = 225
"""Characters of a label's whole name."""


class Tree:
    """The labels of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def listing(self) -> tuple[MailboxRecord, ...]:
        """The mailboxes as they are now."""
        return labels.listing(self._all())

    def existing(self, mailbox: str) -> str:
        """The id of a label by its id or its name; one that is missing is made."""
        for one in self._all():
            if one["id"] == mailbox or _folded(one) == mailbox.casefold():
                return str(one["id"])
        return self.create(CreateMailbox(mailbox)).mailbox

    def create(self, command: CreateMailbox) -> Receipt:
        """A new label. Raises Rejected, in a sentence, for a name that Gmail does not take."""
        held = self._all()
        name = _name(command.name, command.parent, held)
        for one in held:
            if _folded(one) == name.casefold() and one.get("type") == "user":
                return Receipt(mailbox=str(one["id"]))
        try:
            made = self._api.run(self._calls().create(userId="me", body={"name": name}))
        except (errors.Conflict, errors.Rejected) as refused:
            raise _refused(refused) from None
        return Receipt(mailbox=str(made["id"]))

    def rename(self, command: RenameMailbox) -> Receipt:
        """Another name or place. Labels below it are named anew first, so that a first try that was cut off is
        still recognised by the label's own old name."""
        held = self._all()
        label = _of(command.mailbox, held)
        old, new = str(label["name"]), _name(command.name, command.parent, held)
        below = old + labels.DELIMITER
        if new.casefold().startswith(below.casefold()):
            raise errors.Rejected("A label cannot be put below itself.")
        for one in held:
            if old != new and str(one["name"]).startswith(below) and one.get("type") == "user":
                self._rename(one, new + labels.DELIMITER + str(one["name"])[len(below) :])
        if old != new:
            self._rename(label, new)
        return Receipt(mailbox=command.mailbox)

    def delete(self, command: DeleteMailbox) -> Receipt:
        """Delete a label; what was in it stays in ALL. One that is gone already is no error."""
        if _is_system(command.mailbox):
            raise errors.Rejected("Gmail's own labels cannot be deleted.")
        with contextlib.suppress(errors.NotFound):
            self._api.run(self._calls().delete(userId="me", id=command.mailbox))
        return Receipt(mailbox=command.mailbox)

    def _rename(self, label: Json, name: str) -> None:
        try:
            self._api.run(self._calls().patch(userId="me", id=label["id"], body={"name": name}))
        except (errors.Conflict, errors.Rejected) as refused:
            raise _refused(refused) from None

    def _all(self) -> list[Json]:
        found = self._api.run(self._calls().list(userId="me")).get("labels")
        if not found:
            raise errors.Transient("Gmail lists no labels, not even its own")
        return list(found)

    def _calls(self) -> Any:
        return self._api.service.users().labels()


def _folded(label: Json) -> str:
    return str(label["name"]).casefold()


def _is_system(label: str) -> bool:
    return label == labels.ALL or not labels.is_mailbox(label) or label in (*labels.FIXED, *labels.LAST, labels.INBOX)


def _of(mailbox: str, held: list[Json]) -> Json:
    if _is_system(mailbox):
        raise errors.Rejected("Gmail's own labels cannot be renamed.")
    for one in held:
        if one["id"] == mailbox:
            return one
    raise errors.NotFound("the label is gone")


def _name(name: str, parent: str | None, held: list[Json]) -> str:
    if not name.strip() or labels.DELIMITER in name:
        raise errors.Rejected(f"A label needs a name, and it cannot hold “{labels.DELIMITER}”: Gmail divides with it.")
    above = f"{_of(parent, held)['name']}{labels.DELIMITER}" if parent else ""
    whole = above + name.strip()
    if len(whole) > LONGEST:
        raise errors.Rejected("This name is too long for a label.")
    return whole


def _refused(refused: errors.AdapterError) -> errors.AdapterError:
    if isinstance(refused, errors.Conflict) or "exists" in refused.said.lower():
        return errors.Rejected("There is a label of this name already.", said=refused.said)
    if "name" in refused.said.lower():
        return errors.Rejected("Gmail does not take this name for a label: it keeps it for itself.", said=refused.said)
    return refused
