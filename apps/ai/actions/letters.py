"""Actions that write a message: send one, answer one, leave a draft. What is shown is all that leaves: plain text,
recipients by name, no file, nothing hidden."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final
from uuid import UUID, uuid5

from apps.compose import building, drafts, identities, quoting, recipients, rights, sending
from apps.compose.models import Draft, DraftState, Identity, Mode
from apps.core.problems import Problem, not_found
from apps.mail import queries
from apps.mail.models import Message
from apps.providers.adapters.mime import addressing
from apps.providers.models import ProviderAccount
from apps.users.members import Member
from apps.users.models import User

from ..models import Action
from .kinds import Args, Inverse, Kind, Risk, bad, maybe_id, of_account, read_id
from .previews import Letter, Preview, person

TEXT_MOST: Final = 100_000
"""Characters of a message that an agent writes."""
SPACES: Final = re.compile(r"[ \t\u00a0]+")
"""HTML knows no two spaces in a row: one is shown, since one is what arrives."""
ANSWERS: Final = (Mode.REPLY, Mode.REPLY_ALL)


class Writing(Kind):
    """A message: `answers` an existing one or begins anew; `sends` it or leaves it as a draft."""

    def __init__(self, name: str, *, sends: bool, answers: bool | None) -> None:
        self._name, self._sends, self._answers = name, sends, answers

    @property
    def name(self) -> str:
        """See Kind."""
        return self._name

    def clean(self, member: Member, account: ProviderAccount, args: Args) -> Args:
        """{"text", "to", "cc", "bcc", "subject", "identity_id"}, and for an answer {"message_id", "mode",
        "include_quote"}. An answer's recipients and subject are those that a person's would begin with, unless given.
        """
        rights.writable(member, account.pk)
        source = self._source(member, account, args)
        mode = self._mode(args, source)
        found: Args = {"to": [], "cc": [], "bcc": [], "subject": ""}
        if source is not None:
            begun = quoting.begin(member.user, account, source, mode)
            found |= {"to": begun.to, "cc": begun.cc, "subject": begun.subject, "identity_id": str(begun.identity.pk)}
        for name in recipients.FIELDS:
            if args.get(name) is not None:
                found[name] = recipients.read(name, args[name])
            found[name] = _people(name, found[name], strict=self._sends)
        found["subject"] = _subject(args.get("subject", found["subject"]))
        found["text"] = _text(args.get("text"), needed=self._sends)
        found["identity_id"] = self._identity(account, args.get("identity_id") or found.get("identity_id"))
        if self._sends and not any(found[name] for name in recipients.FIELDS):
            raise recipients.refused("to", "Name at least one recipient.", "no_recipient")
        if source is not None:
            quoted = args.get("include_quote") is not False
            found |= {"message_id": str(source.pk), "mode": mode, "include_quote": quoted}
        return found

    def _source(self, member: Member, account: ProviderAccount, args: Args) -> Message | None:
        read = {True: read_id, None: maybe_id}.get(self._answers)
        wanted = read(args, "message_id") if read is not None else None
        if wanted is None:
            return None
        source = queries.visible_message(member, wanted)
        of_account(source.account_id, account, "message_id")
        return source

    def _mode(self, args: Args, source: Message | None) -> str:
        mode = args.get("mode", Mode.REPLY)
        if source is not None and mode not in ANSWERS:
            raise bad("mode", "`mode` must be one of reply, reply_all.")
        return str(mode)

    def _identity(self, account: ProviderAccount, wanted: Any) -> str:
        if wanted is None:
            return str(identities.default_of(account).pk)
        found = Identity.objects.filter(pk=read_id({"identity_id": wanted}, "identity_id"), account=account).first()
        if found is None:
            raise not_found("identity")
        return str(found.pk)

    def recipients(self, account: ProviderAccount, args: Args) -> list[str]:
        """Everybody who gets it; nobody for a draft."""
        if not self._sends:
            return []
        return sorted({each["address"].lower() for name in recipients.FIELDS for each in args[name]})

    def risk(self, args: Args, recipients: Sequence[str]) -> Risk:
        """What has left cannot be taken back."""
        return Risk.HIGH if self._sends else Risk.LOW

    def version(self, account: ProviderAccount, args: Args) -> str:
        """Of an answer: the message that is answered, whose text never changes."""
        if "message_id" not in args:
            return ""
        source = Message.objects.filter(pk=args["message_id"], account=account, orphaned_at__isnull=True).first()
        if source is None:
            raise not_found("message")
        return f"{source.pk}:{source.size}"[:64]

    def title(self, account: ProviderAccount, args: Args) -> str:
        """Its subject."""
        return str(args["subject"])

    def preview(self, member: Member, action: Action) -> Preview:
        """All of it."""
        args = action.args
        identity = Identity.objects.filter(pk=args["identity_id"], account=action.account).first()
        sender = {"name": identity.name, "address": identity.address} if identity else {"address": ""}
        shown = {name: tuple(map(person, args[name])) for name in recipients.FIELDS}
        letter = Letter(
            person(sender), shown["to"], shown["cc"], shown["bcc"], args["subject"], args["text"],
            self._quote(action), self._sends,
        )  # fmt: skip
        return Preview(letter=letter, note="" if identity else "no_identity")

    def _quote(self, action: Action) -> str:
        args = action.args
        if not args.get("include_quote"):
            return ""
        source = Message.objects.filter(pk=args["message_id"], account=action.account).first()
        user = User.objects.filter(pk=action.user_id).first()
        if source is None or user is None:
            raise not_found("message")
        begun = quoting.begin(user, action.account, source, args["mode"])
        return begun.quote["text"] if begun.quote else ""

    def editable(self, args: Args) -> tuple[str, ...]:
        """See Kind."""
        return ("to", "cc", "bcc", "subject", "text")

    def ready(self, member: Member, action: Action) -> Callable[[], Inverse | None]:
        """Write the draft, under an id that follows from the action, and seal what leaves."""
        draft = drafts.save(member, draft_of(action), _given(action))
        _check(draft, action)
        if not self._sends:
            return lambda: {"draft": str(draft.pk), "rev": draft.rev}
        prepared = sending.prepare(member, draft.pk, draft.rev, sending.When())

        def send() -> Inverse | None:
            if isinstance(prepared, sending.Prepared):
                sent = sending.dispatch(member, prepared)
                _check(sent, action)
            return {"draft": str(draft.pk), "rev": draft.rev}

        return send

    def abandon(self, member: Member, action: Action) -> None:
        """The draft goes again, unless somebody has gone on with it."""
        draft = Draft.objects.filter(pk=draft_of(action), account=action.account, state=DraftState.EDITING).first()
        if draft is not None and _same(draft, action):
            drafts.discard(member, draft.pk)

    def perform(self, member: Member, action: Action) -> Inverse | None:
        """See Kind; the executor calls `ready` instead."""
        return self.ready(member, action)()

    def undo(self, member: Member, action: Action) -> None:
        """Take back what has not left yet; a draft goes. Raises 409 `too_late` for what was sent."""
        draft = Draft.objects.filter(pk=draft_of(action), account=action.account).first()
        if draft is None:
            return
        if draft.state in (DraftState.WAITING, DraftState.SCHEDULED):
            draft = sending.unsend(member, draft.pk)
        if draft.state not in drafts.EDITABLE:
            raise Problem(409, "too_late", "This message has been sent: nothing can take it back.")
        if not _same(draft, action):
            raise Problem(409, "changed_meanwhile", "Somebody has gone on with this draft, so it was left alone.")
        drafts.discard(member, draft.pk)


def draft_of(action: Action) -> UUID:
    """The draft that an action writes: the same at every try."""
    return uuid5(action.pk, "draft")


def _given(action: Action) -> drafts.Given:
    args = action.args
    return drafts.Given(
        rev=0,
        account_id=action.account_id,
        identity_id=UUID(args["identity_id"]),
        mode=args.get("mode", Mode.NEW),
        source_message_id=UUID(args["message_id"]) if "message_id" in args else None,
        to=args["to"],
        cc=args["cc"],
        bcc=args["bcc"],
        subject=args["subject"],
        html=_html(args["text"]),
        include_quote=args.get("include_quote"),
        attachments=[],
    )


def _html(text: str) -> str:
    """The text as a person would have typed it: line for line, nothing in it taken for HTML."""
    lines = (escape(line, quote=False) or "<br>" for line in text.split("\n"))
    return building.clean_html("".join(f"<div>{line}</div>" for line in lines)) if text else ""


def _same(draft: Draft, action: Action) -> bool:
    """Whether a draft says what the action says, no less and no more."""
    args = action.args
    wanted = {name: args[name] for name in ("to", "cc", "bcc", "subject")} | {"html": _html(args["text"])}
    if "include_quote" in args:
        wanted["include_quote"] = args["include_quote"]
    same = all(getattr(draft, name) == value for name, value in wanted.items())
    return same and str(draft.identity_id) == args["identity_id"] and draft.calendar == ""


def _check(draft: Draft, action: Action) -> None:
    if not _same(draft, action):
        detail = "The draft of this message was changed after it had been approved, so it was not sent."
        raise Problem(409, "digest_mismatch", detail)


def _people(field: str, items: list[dict[str, str]], *, strict: bool) -> list[dict[str, str]]:
    if not strict:
        return items
    people = recipients.people(field, items)
    return [{"name": one.name, "address": one.target.address} for one in people]


def _subject(value: Any) -> str:
    subject = value.replace("\t", " ") if isinstance(value, str) else ""
    if addressing.has_control(subject):
        raise bad("subject", "The subject holds a line break or another control character.", "bad_header")
    if len(subject) > drafts.SUBJECT_MOST:
        raise bad("subject", "The subject is too long.", "too_big")
    return subject


def _text(value: Any, *, needed: bool) -> str:
    text = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else ""
    text = "\n".join(SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()
    if needed and not text:
        raise bad("text", "A message needs a text.", "no_text")
    if len(text) > TEXT_MOST:
        raise bad("text", "The text is too long.", "too_big")
    return text


KINDS: Final = (
    Writing("email.send", sends=True, answers=False),
    Writing("email.reply", sends=True, answers=True),
    Writing("email.draft", sends=False, answers=None),
)
