"""Handing letters to our mail server: each at most once, and tried again only where it certainly was not taken."""

import contextlib
import smtplib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from .models import Letter

log = structlog.get_logger(__name__)

TIMEOUT: Final = 30
"""Seconds that our mail server may be silent."""
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40))
TRIES: Final = 12
PASSING: Final = range(400, 500)


def want(user_id: UUID, kind: str, day: date, moment: datetime) -> Letter:
    """Inside a transaction: the letter of that day, new or not."""
    letter, _ = Letter.objects.get_or_create(
        user_id=user_id, kind=kind, day=day, defaults={"not_before": moment, "changed_at": moment}
    )
    return letter


def post(letter: Letter, write: Callable[[], EmailMultiAlternatives], moment: datetime) -> datetime | None:
    """Hand it over, unless that was tried before; the moment of another try, None when there is none.

    The line to the mail server comes first: what fails there can be tried again. Then the letter is marked, then handed
    over, and the mark is taken back only when it certainly was not taken. A worker that dies in between, and a line
    that breaks, leave a letter that is not sent again.
    """
    held = Letter.objects.filter(pk=letter.pk).first()
    if held is None or held.state != Letter.State.WANTED:
        return None
    if held.not_before > moment:
        return held.not_before
    message, line = write(), get_connection(timeout=TIMEOUT)
    try:
        line.open()
    except (smtplib.SMTPException, OSError) as error:
        # Errors may name addresses: only their kind is logged.
        log.warning("mail server not reached", reason=type(error).__name__)
        return _after(held, Letter.State.WANTED, "again", moment)
    try:
        marked = Letter.objects.filter(pk=letter.pk, state=Letter.State.WANTED).update(
            state=Letter.State.SENDING, changed_at=moment
        )
        if not marked:
            return None
        return _after(held, Letter.State.SENDING, _handed_over(line, message), moment)
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):  # what was taken was taken
            line.close()


def _handed_over(line: BaseEmailBackend, message: EmailMultiAlternatives) -> str:
    """`sent`, `again` (not taken, and may be another time), `refused` or `doubt`."""
    try:
        line.send_messages([message])
    except smtplib.SMTPRecipientsRefused as refused:
        return _refusal([code for code, _ in refused.recipients.values()])
    except smtplib.SMTPResponseException as refused:
        return _refusal([refused.smtp_code])
    except (smtplib.SMTPException, OSError) as error:
        log.warning("letter in doubt", reason=type(error).__name__)
        return "doubt"
    return "sent"


def _refusal(codes: list[int]) -> str:
    log.warning("letter refused", codes=codes)
    return "again" if codes and all(code in PASSING for code in codes) else "refused"


def _after(letter: Letter, was: str, outcome: str, moment: datetime) -> datetime | None:
    """Note the outcome, unless another worker has taken the letter on from where it `was`."""
    tries = letter.tries + 1
    again = moment + PAUSES[min(tries, len(PAUSES)) - 1] if outcome == "again" and tries < TRIES else None
    ends = {"sent": Letter.State.SENT, "doubt": Letter.State.DOUBT}
    state = Letter.State.WANTED if again else ends.get(outcome, Letter.State.REFUSED)
    Letter.objects.filter(pk=letter.pk, state=was).update(
        state=state, tries=tries, not_before=again or letter.not_before, changed_at=moment
    )
    return again


def give_up(letter: Letter, moment: datetime) -> None:
    """Its day is over: it is not sent any more."""
    Letter.objects.filter(pk=letter.pk, state=Letter.State.WANTED).update(state=Letter.State.MISSED, changed_at=moment)
