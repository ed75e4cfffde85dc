"""Celery entry points of users: letters and tidying. Arguments are ids only.

A letter goes out by a task, not in the request: talking to a mail server would hold the person's
request, and would take longer for an address that exists than for one that does not.
"""

import smtplib
from typing import Any, Final

import structlog
from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.tenants.tasks import PublicTask

from . import codes, emails, limits, sessions
from .models import OneTimeCode, User

log = structlog.get_logger(__name__)

QUEUE: Final = "housekeeping"
RETRIES: Final[dict[str, Any]] = {
    "autoretry_for": (smtplib.SMTPException, OSError),
    "max_retries": 6,
    "retry_backoff": 2,
    "retry_backoff_max": 120,
    "retry_jitter": True,
}


@shared_task(base=PublicTask, name="users.mail_code", ignore_result=True, **RETRIES)
def mail_code(code_id: str) -> None:
    """Mail one code or link. Delivered twice it mails once, or at worst the same code twice."""
    code = OneTimeCode.objects.select_related("user").filter(pk=code_id).first()
    if code is not None:
        emails.send_code(code)


@shared_task(base=PublicTask, name="users.mail_notice", ignore_result=True, **RETRIES)
def mail_notice(user_id: str, kind: str) -> None:
    """Mail one notice."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        emails.send_notice(user, kind)


@shared_task(base=PublicTask, name="users.sweep", ignore_result=True)
def sweep() -> None:
    """Remove codes and sessions that ended long ago."""
    log.info("users swept", sessions=sessions.sweep(), codes=codes.sweep())


def post_code(code: OneTimeCode) -> None:
    """Have a code mailed, after commit. Raises the problem try_later when the queue is away.

    Whoever asked would otherwise wait for a letter that never comes. It is queued for an address
    that nobody has, too: the answer must not come sooner.
    """

    def post() -> None:
        if not _post(mail_code, str(code.pk)):
            raise limits.away()

    transaction.on_commit(post)


def post_invitation(code: OneTimeCode) -> None:
    """Have an invitation mailed, after commit. A queue that is away costs the letter: the operator has the link."""
    transaction.on_commit(lambda: _post(mail_code, str(code.pk)) and None)


def post_notice(user: User, kind: str) -> None:
    """Have a notice mailed, after commit. A queue that is away costs the notice, not the change."""
    transaction.on_commit(lambda: _post(mail_notice, str(user.pk), kind) and None)


def _post(task: "Task[..., None]", *ids: str) -> bool:
    try:
        task.apply_async(args=ids, queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("letter not queued", task=task.name, reason=type(error).__name__)
        return False
    return True
