"""Leaving a mailing list: RFC 8058's one click where the sender offers it, else by mail, else by a link.

The one click goes from here, through the host guard, with nothing of the person's in it but what the
link itself holds, and only for a message of which a DKIM signature claims to cover both headers (RFC
8058 section 4). The signature itself is for the receiving server to verify: mail that fails there does
not come to an inbox, and a false one gains no more than a POST to a public host.
"""

import re
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid5

import httpx

from apps.core import net
from apps.core.problems import Problem
from apps.mail import bodies, queries
from apps.mail.models import Message
from apps.providers.adapters import web
from apps.providers.adapters.tls import for_http
from apps.users.members import Member

from . import drafts, recipients, rights, sending
from .drafts import Given

BOUNDS: Final = web.Bounds(seconds=15.0, octets=256 * 1024)
ONE_CLICK: Final = "list-unsubscribe=one-click"
_TARGET: Final = re.compile(r"<\s*([^<>]{1,4000}?)\s*>")
_SIGNATURE: Final = re.compile(r"\ndkim-signature:((?:[^\n]|\n[ \t])*)", re.IGNORECASE)
_SIGNED: Final = re.compile(r"(?:^|;)\s*h\s*=([^;]*)")
HEAD_MOST: Final = 256 * 1024
NAMESPACE: Final = UUID("6f1f0c7e-6d0a-4f5e-9a53-0d6f5a1d7c55")


def leave(member: Member, message_id: UUID) -> dict[str, Any]:
    """Unsubscribe from the list that sent the message. Raises the 422 problem when it names no way."""
    message = queries.visible_message(member, message_id)
    rights.writable(member, message.account_id)
    targets = [unquote_once(found) for found in _TARGET.findall(message.facts.get("list_unsubscribe", ""))]
    secure = next((one for one in targets if one.lower().startswith("https://")), None)
    post = "".join(str(message.facts.get("list_unsubscribe_post", "")).lower().split())
    mailto = next((one for one in targets if one.lower().startswith("mailto:")), None)
    if secure and post == ONE_CLICK and _covered(message) and _one_click(secure):
        return {"how": "one_click", "url": None}
    if mailto and _by_mail(member, message, mailto):
        return {"how": "mail", "url": None}
    link = secure or next((one for one in targets if one.lower().startswith("http://")), None)
    if link:
        return {"how": "link", "url": link}
    raise Problem(422, "no_unsubscribe", "This message names no way to leave its list. You can block its sender.")


def unquote_once(target: str) -> str:
    """A target as the header has it: folding white space is no part of it."""
    return "".join(target.split())


def _covered(message: Message) -> bool:
    """True when a DKIM-Signature of the message names both headers in its `h` tag."""
    head = bodies.raw(message)[:HEAD_MOST].split(b"\r\n\r\n", 1)[0].decode("latin-1")
    for signature in _SIGNATURE.findall(f"\n{head}"):
        names = _SIGNED.search(signature.replace("\r", "").replace("\n", ""))
        signed = {name.strip().lower() for name in names[1].split(":")} if names else set()
        if {"list-unsubscribe", "list-unsubscribe-post"} <= signed:
            return True
    return False


def _one_click(url: str) -> bool:
    """The POST of RFC 8058 section 3.1: no cookie, no redirect to elsewhere followed. False when it was not taken."""
    try:
        with web.client(net.resolve, for_http(), BOUNDS.seconds) as http:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            request = httpx.Request("POST", url, headers=headers, content=b"List-Unsubscribe=One-Click")
            answer = web.ask(http, request, BOUNDS)
    except (httpx.HTTPError, httpx.InvalidURL, web.TooMuch, net.HostRefused, net.HostUnknown, ValueError):
        return False
    return 200 <= answer.status < 300


def _by_mail(member: Member, message: Message, mailto: str) -> bool:
    """An ordinary message to the list's address, with the subject and the text that it asks for (RFC 6068)."""
    parts = urlsplit(mailto)
    asked = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    to = [{"name": "", "address": unquote(one)} for one in parts.path.split(",")[:1]]
    draft_id = uuid5(NAMESPACE, f"{message.pk}")
    given = Given(
        rev=0,
        account_id=message.account_id,
        to=to,
        subject=" ".join(asked.get("subject", "unsubscribe").split())[:500],
        html=f"<p>{_plain(asked.get('body', 'unsubscribe'))}</p>",
        attachments=[],
    )
    try:
        recipients.people("to", to)
        draft = drafts.save(member, draft_id, given)
        sending.send(member, draft.pk, draft.rev, sending.When())
    except Problem:
        return False
    return True


def _plain(text: str) -> str:
    return escape(text[:2_000]).replace("\n", "<br>")
