"""From a draft to the message: its recipients checked, its HTML cleaned, its files read. No network but for files
of a forwarded message that its server still keeps."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from apps.core.problems import Problem
from apps.mail import bodies
from apps.mail.models import Attachment
from apps.providers.adapters import mime
from apps.providers.adapters.mime import addressing, composing, plain
from apps.providers.adapters.mime.html import scheme_of
from apps.providers.models import ProviderAccount

from . import identities, recipients, uploads
from .models import Draft

HEADER: Final = "X-PMSync-Draft"
"""In the copies of the Drafts mailbox only: by it they are found again. It never leaves the account."""
_OURS: Final = re.compile(
    r"/api/v1/(?:attachments/(?P<attachment>[0-9a-f-]{36})/inline|uploads/(?P<upload>[0-9a-f-]{36}))"
)


@dataclass(frozen=True, slots=True)
class Built:
    """A message ready to leave: the bytes that travel, the envelope, and what only the sender's copy says."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    utf8: bool
    bcc: bytes
    """The Bcc header of the sender's own copy, with its line end; empty when there is none."""


def clean_html(html: str) -> str:
    """What a person wrote, by the allow-list of reading; pictures keep their addresses."""
    return mime.sanitise(html, cid_url=_as_it_is, allow_remote=True).html


def _as_it_is(source: str) -> str | None:
    """`cid:` stays, and so does what lies at our own server; any other address is treated as remote."""
    if _OURS.fullmatch(source):
        return source
    return f"cid:{source}" if scheme_of(source) == "" and "/" not in source else None


def sent(draft: Draft, header_id: str, date: datetime) -> Built:
    """The message that is sent. Raises the 422 problem that names what is wrong with which field."""
    letter = _letter(draft, header_id, date, strict=True)
    everybody = [*letter.to, *letter.cc, *letter.bcc]
    if not everybody:
        raise recipients.refused("to", "Name at least one recipient.", "no_recipient")
    if len(everybody) > recipients.MOST:
        raise recipients.refused("to", f"A message goes to at most {recipients.MOST} recipients.", "too_many")
    raw = _built(letter)
    bcc = b""
    if letter.bcc:
        bcc = composing.people_header("Bcc", "recipient’s name", letter.bcc).encode("utf-8") + b"\r\n"
    addresses = tuple(dict.fromkeys(person.target.address for person in everybody))
    return Built(raw, letter.sender.target.address, addresses, composing.needs_utf8(letter), bcc)


def saved(draft: Draft, header_id: str) -> bytes:
    """The version for the Drafts mailbox: with Bcc, and whatever addresses are half typed left out."""
    letter = _letter(draft, header_id, draft.updated_at, strict=False)
    return _built(letter, with_bcc=letter.bcc)


def _built(letter: composing.Letter, with_bcc: tuple[composing.Person, ...] = ()) -> bytes:
    try:
        return composing.build(letter, with_bcc=with_bcc)
    except composing.HeaderRefused as refused:
        field = "subject" if refused.field == "subject" else "attachments" if "attachment" in refused.field else "to"
        raise recipients.refused(field, str(refused), "bad_header") from None


def _letter(draft: Draft, header_id: str, date: datetime, *, strict: bool) -> composing.Letter:
    identity = identities.of_draft(draft.account, draft.identity)
    people = {name: _people(name, getattr(draft, name), strict) for name in recipients.FIELDS}
    html, pictures = _html(draft)
    return composing.Letter(
        sender=composing.Person(identity.name, _target(identity.address)),
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        reply_to=(composing.Person("", _target(identity.reply_to)),) if identity.reply_to else (),
        subject=draft.subject,
        date=date,
        message_id=header_id,
        text=plain.flowed(plain.from_html(html)),
        html=f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{html}</body></html>' if html else "",
        in_reply_to=draft.in_reply_to,
        references=tuple(draft.references),
        files=(*pictures, *_files(draft, html)),
        extra=() if strict else ((HEADER, str(draft.pk)),),
        calendar=draft.calendar,
        calendar_method=draft.calendar_method,
    )


def _people(name: str, items: list[dict[str, str]], strict: bool) -> tuple[composing.Person, ...]:
    if strict:
        return recipients.people(name, items)
    found: list[composing.Person] = []
    for item in items:
        try:
            found += recipients.people(name, [item])
        except Problem:
            continue  # half typed: the draft's own row keeps it
    return tuple(found)


def _target(address: str) -> addressing.Target:
    try:
        return addressing.target(address)
    except addressing.BadAddress as bad:
        raise recipients.refused("identity_id", str(bad), "bad_address") from None


def _html(draft: Draft) -> tuple[str, list[composing.File]]:
    """The whole text with its quote, pictures referred to as `cid:`; and those that come from quoted messages."""
    quote = draft.quote["html"] if draft.quote and draft.include_quote else ""
    joined = f"{draft.html}<br>{quote}" if draft.html and quote else draft.html or quote
    if not joined.strip():
        return "", []
    own = {str(upload.pk): upload.content_id for upload in uploads.of_draft(draft.pk) if upload.content_id}
    quoted: dict[str, str] = {}

    def source(url: str) -> str | None:
        found = _OURS.fullmatch(url)
        if found is None:
            return _as_it_is(url)
        if found["upload"]:
            return f"cid:{own[found['upload']]}" if found["upload"] in own else None
        digest = hashlib.sha256(found["attachment"].encode()).hexdigest()[:24]  # our own ids stay with us
        return f"cid:{quoted.setdefault(found['attachment'], f'{digest}@inline')}"

    html = mime.sanitise(joined, cid_url=source, allow_remote=True).html
    return html, _quoted_pictures(draft, quoted)


def _quoted_pictures(draft: Draft, wanted: Mapping[str, str]) -> list[composing.File]:
    """Pictures of the account's mirrored messages that the text shows. Ids of anything else show nothing."""
    if not wanted:
        return []
    held = Attachment.objects.select_related("message").filter(
        pk__in=[UUID(one) for one in wanted], message__account_id=draft.account_id
    )
    return [
        composing.File(one.filename, one.content_type, bodies.file(one).data, wanted[str(one.pk)], inline=True)
        for one in held
        if one.content_type in bodies.SHOWN_INLINE
    ]


def _files(draft: Draft, html: str) -> list[composing.File]:
    """The draft's own files; a picture that the text does not show is an ordinary attachment."""
    return [
        composing.File(
            upload.filename,
            upload.content_type,
            uploads.content(upload),
            upload.content_id,
            inline=bool(upload.content_id) and f"cid:{upload.content_id}" in html,
        )
        for upload in uploads.of_draft(draft.pk)
    ]


def fingerprint(mail: mime.ParsedMail) -> str:
    """A digest of what a person would see of a draft: servers and clients rewrite the rest."""
    told: dict[str, Any] = {
        "subject": " ".join(mail.subject.split()),
        "to": [one.address for one in mail.to],
        "cc": [one.address for one in mail.cc],
        "bcc": [one.address for one in mail.bcc],
        "text": " ".join(mail.text.split()),
        "files": sorted((one.filename, one.size) for one in mail.attachments),
    }
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


def domain_of(account: ProviderAccount, draft: Draft) -> str:
    """The domain that Message-IDs of the draft are made under."""
    return _target(identities.of_draft(account, draft.identity).address).domain.strip("[]")
