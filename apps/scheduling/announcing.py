"""What people do to events, told by mail to those it concerns, where no server does it (RFC 6638): who is invited hears
of changes, who invites hears the answer."""

from base64 import b64decode, b64encode
from datetime import UTC, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from apps.calendar.announcing import Doing
from apps.calendar.models import Event
from apps.core.clock import now
from apps.outbound import queue
from apps.outbound.models import OPEN, Command, CommandRequest
from apps.outbound.queue import Wanted
from apps.outbound.run import Later, Run
from apps.providers.adapters import ical
from apps.providers.adapters.ical import itip
from apps.providers.models import ProviderAccount

from . import parties, post
from .models import Said

KIND: Final = "scheduling"
WAIT: Final = timedelta(seconds=10)
"""What is changed again at once, or taken back, is told once, or never."""
AGAIN: Final = 3.0
"""Seconds until it is looked again whether an event has come to its server."""


def told(doing: Doing) -> None:
    """See `calendar.announcing.Listener`."""
    row = doing.row
    if row.collection.schedules or row.component != "VEVENT":
        return
    if doing.answer:
        _answered(doing)
        return
    before = ical.read(doing.before).items if doing.before else ()
    organizer = row.organizer or itip.organizer_of(before)
    if not organizer or organizer not in parties.own_addresses(row.account):
        return
    now_invited = {} if doing.gone else itip.attendees_of(ical.read(bytes(row.data)).items)
    if not now_invited and not itip.attendees_of(before):
        return
    # Mails about one event go in their order, and hold up nothing else that is done to it.
    tag = uuid5(row.pk, "invite")
    earlier = Command.objects.filter(OPEN, account=row.account, kind=KIND, concerns__contains=[tag])
    args = {
        "event": str(row.pk),
        "uid": row.uid,
        "own": organizer,
        "before": b64encode(doing.before).decode() if doing.before else None,
        "gone": doing.gone,
        "unheard": earlier.filter(args__before=None).exists(),
    }
    put(row.account, doing.request, Wanted(KIND, "invite", [tag], args, now() + WAIT))


def put(account: ProviderAccount, request: CommandRequest, wanted: Wanted) -> None:
    """Queue a mail as part of an act."""
    queue.put(account, [wanted], request)
    request.total += 1


def invite(run: Run, command: Command) -> dict[str, Any]:
    """Tell those invited what they must hear. Raises Later until the event is at its server, Rejected when no mail can
    be sent."""
    args = command.args
    row = Event.objects.select_related("collection").filter(pk=args["event"]).first()
    if queue.open_commands(run.account.pk, [UUID(args["event"])]):
        raise Later(AGAIN, "the event is not at its server yet")
    there = row is not None and row.leaving is None and row.etag and row.ours is None
    if bool(there) == args["gone"]:
        return {}  # its server did not take it, or it was not deleted after all
    said = Said.objects.filter(account=run.account, uid=args["uid"], key="").first()
    before: bytes | None
    if said is not None and said.text:
        before = bytes(said.text)
    else:
        before = b64decode(args["before"]) if args["before"] and not args["unheard"] else None
    text = bytes(row.data) if row is not None and there else None
    for letter in itip.letters(before, text, stamp()):
        what = "UPDATE" if letter.method == itip.REQUEST and before is not None else letter.method
        shown = ical.read(letter.text).items
        to = [(each.name, each.address) for each in letter.to if each.address.lower() != args["own"]]
        if to:
            mail = post.Mail(what, letter.method, letter.text, shown[0], to)
            post.send(post.author(command), run.account, args["own"], uuid5(command.pk, letter.method), mail)
    return {"uid": args["uid"], "text": b64encode(text).decode() if text else None}


def _answered(doing: Doing) -> None:
    row = doing.row
    own = parties.own_addresses(row.account)
    whole = ical.read(bytes(row.data))
    me = parties.invited_as(whole.items, own)
    if row.organizer and row.organizer not in own and me:
        reply(doing.request, row.account, itip.only(whole, doing.key), me, doing.answer)


def reply(
    request: CommandRequest, account: ProviderAccount, text: bytes, own: str, status: str, comment: str = ""
) -> None:
    """Queue the answer to an invitation, as part of an act."""
    args = {"text": b64encode(text).decode(), "own": own, "status": status, "comment": comment}
    put(account, request, Wanted(KIND, "reply", [], args))


def answer(run: Run, command: Command) -> dict[str, Any]:
    """Send the answer to who invites. Raises Rejected when no mail can be sent."""
    args = command.args
    whole = ical.read(b64decode(args["text"]))
    organizer = next(item.organizer for item in whole.items if item.organizer)
    name = run.account.display_name
    text = itip.reply(b64decode(args["text"]), args["own"], name, args["status"], stamp(), args["comment"])
    to = [(organizer.name, organizer.address)]
    mail = post.Mail(args["status"], "REPLY", text, whole.items[0], to, args["comment"])
    post.send(post.author(command), run.account, args["own"], uuid5(command.pk, "REPLY"), mail)
    return {}


def refuse(run: Run, command: Command) -> dict[str, Any]:
    """Tell who proposed another time that it stays. Raises Rejected when no mail can be sent."""
    args = command.args
    message = itip.parse(b64decode(args["text"]))
    assert message is not None  # it was, when this was put into the queue
    text = itip.decline_counter(message.data, stamp())
    to = [(each.name, each.address) for each in itip.answers(message)[:1]]
    mail = post.Mail("DECLINECOUNTER", "DECLINECOUNTER", text, message.first, to)
    post.send(post.author(command), run.account, args["own"], uuid5(command.pk, "DECLINECOUNTER"), mail)
    return {}


def stamp() -> str:
    """Now, as a DTSTAMP."""
    return f"{now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
