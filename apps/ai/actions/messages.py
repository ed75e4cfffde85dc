"""Actions on messages that are there already: label, mark read, archive, move, put into the trash."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.problems import Problem, not_found
from apps.mail import locks, queries
from apps.mail.commands import asked, ledger, selection, service
from apps.mail.models import Mailbox, Message
from apps.providers import access
from apps.providers.accounts import iso
from apps.providers.adapters.imap.store import keyword_problem
from apps.providers.models import ProviderAccount
from apps.users.members import Member

from ..models import Action
from .kinds import Args, Inverse, Kind, Risk, bad, key_of, of_account, read_id
from .previews import Concerned, Preview, person

MOST: Final = 200
"""Messages of one action: as many as a person can look through before they decide."""


class OnMessages(Kind):
    """What is done to messages; `more` reads the arguments that only this one has."""

    def __init__(
        self,
        name: str,
        risk: Risk,
        act: Callable[[Args], dict[str, Any]],
        more: Callable[[Member, ProviderAccount, Args], Args] = lambda member, account, args: {},
        *,
        moves: bool = False,
    ) -> None:
        self._name, self._risk, self._act, self._more, self._moves = name, risk, act, more, moves

    @property
    def name(self) -> str:
        """See Kind."""
        return self._name

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"messages": [id, ...]}, or one in `message_id`."""
        given = args.get("messages", [args["message_id"]] if "message_id" in args else [])
        if not isinstance(given, list) or not 1 <= len(given) <= MOST:
            raise bad("messages", f"`messages` is a list of 1 to {MOST} ids.")
        ids = list(dict.fromkeys(read_id({"messages": each}, "messages") for each in given))
        access.may_act(member, [account.pk])
        if len(_rows(account, ids)) < len(ids):
            raise not_found("message")
        return {"messages": [str(each) for each in ids]} | self._more(member, account, args)

    def risk(self, args: Args, recipients: Sequence[str]) -> Risk:
        """See Kind."""
        return self._risk

    def version(self, account: ProviderAccount, args: Args) -> str:
        """The messages, and for what moves them where they lie."""
        ids = [UUID(each) for each in args["messages"]]
        found = {row.pk for row in _rows(account, ids)}
        if len(found) < len(ids):
            raise not_found("message")
        places = ledger.visible_places(ids) if self._moves else []
        lies = sorted(f"{place.message_id}:{place.mailbox_id}" for place in places)
        return hashlib.sha256("\n".join([*sorted(map(str, found)), *lies]).encode()).hexdigest()

    def title(self, account: ProviderAccount, args: Args) -> str:
        """The first one's subject."""
        first = _rows(account, [UUID(args["messages"][0])])
        return first[0].subject if first else ""

    def preview(self, member: Member, action: Action) -> Preview:
        """Each message and where it lies."""
        ids = [UUID(each) for each in action.args["messages"]]
        boxes = {box.pk: "/".join(box.path) for box in Mailbox.objects.filter(account=action.account)}
        lies: dict[UUID, list[str]] = {}
        for place in ledger.visible_places(ids):
            lies.setdefault(place.message_id, []).append(boxes.get(place.mailbox_id, ""))
        rows = sorted(_rows(action.account, ids), key=lambda row: ids.index(row.pk))
        to = action.args.get("to_mailbox_id")
        return Preview(
            messages=tuple(
                Concerned(
                    str(row.pk), row.subject, ", ".join(map(person, row.senders)), iso(row.at) or "",
                    tuple(sorted(lies.get(row.pk, []))),
                )
                for row in rows
            ),
            where=boxes.get(UUID(to), "") if to else "",
            label=action.args.get("keyword", ""),
            note=self._act(action.args)["action"],
        )  # fmt: skip

    def lock(self, action: Action) -> None:
        """The account's mail: nothing moves until commit."""
        locks.account(action.account_id)

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """The same act as a click."""
        body = self._act(action.args) | {"messages": action.args["messages"]}
        done = service.act(member, key_of(action), asked.parse(body))
        return {"request": done["id"] if done["total"] else None}

    def undo(self, member: Member, action: Action) -> None:
        """As the person takes back an act of theirs. What showed the wanted state before is left alone."""
        request = (action.inverse or {}).get("request")
        if request:
            service.undo(member, UUID(request))


def _rows(account: ProviderAccount, ids: Sequence[UUID]) -> list[Message]:
    return list(Message.objects.filter(account=account, pk__in=ids, orphaned_at__isnull=True))


def _label(member: Member, account: ProviderAccount, args: Args) -> Args:
    keyword = args.get("keyword")
    problem = keyword_problem(keyword) if isinstance(keyword, str) else "Name the label in `keyword`."
    if problem:
        raise bad("keyword", problem, "bad_keyword")
    return {"keyword": keyword, "on": args.get("on") is not False}


def _read(member: Member, account: ProviderAccount, args: Args) -> Args:
    return {"read": args.get("read") is not False}


def _to(member: Member, account: ProviderAccount, args: Args) -> Args:
    wanted = read_id(args, "to_mailbox_id")
    box = queries.visible_mailbox(member, wanted)
    of_account(box.account_id, account, "to_mailbox_id")
    if not selection.takes_mail(box):
        raise Problem(422, "bad_destination", "Mail cannot be moved into this mailbox.")
    return {"to_mailbox_id": str(box.pk)}


KINDS: Final = (
    OnMessages(
        "email.label",
        Risk.LOW,
        lambda args: {"action": "add_keyword" if args["on"] else "remove_keyword", "keyword": args["keyword"]},
        _label,
    ),
    OnMessages("email.read", Risk.LOW, lambda args: {"action": "read" if args["read"] else "unread"}, _read),
    OnMessages("email.archive", Risk.LOW, lambda args: {"action": "archive"}, moves=True),
    OnMessages(
        "email.move", Risk.LOW, lambda args: {"action": "move", "to_mailbox_id": args["to_mailbox_id"]}, _to, moves=True
    ),
    OnMessages("email.trash", Risk.MEDIUM, lambda args: {"action": "trash"}, moves=True),
)
