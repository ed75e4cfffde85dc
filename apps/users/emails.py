"""Sends letters to people. Called by tasks, never inside a request or a transaction."""

import smtplib
from typing import Final
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.template.loader import render_to_string

from . import codes, letters
from .models import OneTimeCode, User

log = structlog.get_logger(__name__)

# The token stands after `#`: browsers send that part to nobody, so it is in no server's log.
RESET_PAGE: Final = "/reset#"


def link(code: OneTimeCode) -> str:
    """The address a mailed link opens."""
    return f"{settings.PMSYNC_PUBLIC_URL}{RESET_PAGE}{quote(codes.link_token(code) or '', safe='')}"


def send_code(code: OneTimeCode) -> None:
    """Mail a code or link to its person; nothing for nobody, and nothing once it was mailed or used.

    Raises smtplib.SMTPException or OSError when our mail server does not take it.
    """
    user = code.user
    if user is None or code.mailed_at is not None or code.used_at is not None:
        return
    digits = codes.digits(code)
    if digits is None:
        log.warning("code not mailed: PMSYNC_SECRET_KEY changed and the former key is not listed", code=str(code.pk))
        return
    if code.purpose == codes.Purpose.SIGN_IN and user.two_step:
        _send(user, "two_step_is_on")
    elif code.purpose in codes.LINKS:
        _send(user, code.purpose, link=link(code))
    else:
        _send(user, code.purpose, code=digits)
    OneTimeCode.objects.filter(pk=code.pk).update(mailed_at=Now())


def send_notice(user: User, kind: str) -> None:
    """Mail a notice of `letters.NOTICES`. Raises as `send_code`."""
    _send(user, kind)


def _send(user: User, kind: str, *, code: str = "", link: str = "") -> None:
    words = letters.words(kind, user.locale)
    filled = {"words": words, "locale": user.locale, "name": user.name, "code": code, "link": link}
    message = EmailMultiAlternatives(
        words.subject, render_to_string("users/letter.txt", filled), settings.DEFAULT_FROM_EMAIL, [user.email]
    )
    # No holiday replies, and no threads of unrelated codes (RFC 3834).
    message.extra_headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    message.attach_alternative(render_to_string("users/letter.html", filled), "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        # It names the address, and the log of a failed task would repeat it.
        answers = ", ".join(str(status) for status, _ in refused.recipients.values())
        raise smtplib.SMTPException(f"our mail server refused the recipient ({answers})") from None
