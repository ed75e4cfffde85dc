"""Letters to those who may decide: when something waits, with a link of their own that shows before it decides."""

import smtplib
from uuid import UUID

import structlog
from celery import Task
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError

from apps.outbound.run import Later
from apps.tenants import context

from . import audit, links, people, wording
from .models import Approval, ApprovalState, Link

log = structlog.get_logger(__name__)

AGAIN: float = 60.0
"""Seconds until a letter is queued again when the queue was away."""


def to_everybody(approval_id: UUID) -> None:
    """Have each of those who may decide written to, if it still waits for them."""
    approval = _waiting(approval_id)
    if approval is not None:
        _post(approval, people.deciders(approval))


def to_whom_it_was_handed(approval_id: UUID) -> None:
    """Have the one whom it was handed to written to, likewise."""
    approval = _waiting(approval_id)
    if approval is not None and approval.delegated_to in people.deciders(approval):
        _post(approval, (approval.delegated_to,))


def _waiting(approval_id: UUID) -> Approval | None:
    held = Approval.objects.select_related("action__account", "account")
    return held.filter(pk=approval_id, state=ApprovalState.OPEN, expires_at__gt=Now()).first()


def _post(approval: Approval, user_ids: tuple[UUID, ...]) -> None:
    """One task each. Raises Later when the queue is away: those that were posted are not mailed twice."""
    from .tasks import mail_link

    for user_id in user_ids:
        link = links.make(approval, user_id)
        if link.mailed_at is None and not _queued(mail_link, str(context.current().pk), str(link.pk)):
            raise Later(AGAIN, "the letters could not be queued")


def _queued(task: "Task[..., None]", *ids: str) -> bool:
    try:
        task.apply_async(args=ids, queue="housekeeping", retry=False)
    except (OperationalError, OSError) as error:
        log.warning("letter not queued", task=task.name, reason=type(error).__name__)
        return False
    return True


def mail(link_id: UUID) -> None:
    """Mail one letter, unless it was mailed or is of no use any more. Delivered twice it mails once, or at worst the
    same letter twice. Raises smtplib.SMTPException or OSError when our mail server does not take it."""
    link = Link.objects.select_related("approval__action__account").filter(pk=link_id, mailed_at=None).first()
    if link is None or _waiting(link.approval_id) is None or link.digest != link.approval.digest:
        return
    member = people.member_of(link.user_id)
    if member is None or not people.decidable(member).filter(pk=link.approval_id).exists():
        return
    approval, words = link.approval, wording.of(member.user.locale)
    # A person with two steps signs in; a link alone decides nothing in their name.
    token = None if member.user.two_step else links.token(context.current(), link)
    path = f"/approvals/link/{token}" if token else f"/approvals/{approval.pk}"
    filled = {
        "locale": words["locale"],
        "words": words,
        "name": member.user.name,
        "kind": words["kinds"].get(approval.action.kind, approval.action.kind),
        "title": approval.title,
        "link": f"{settings.PMSYNC_PUBLIC_URL}{path}",
        "until": link.expires_at,
        "signs_in": token is None,
    }
    subject = words["letter_subject"].format(kind=filled["kind"])
    text = render_to_string("hitl/letter.txt", filled)
    message = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [member.user.email])
    message.extra_headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    message.attach_alternative(render_to_string("hitl/letter.html", filled), "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        # It names the address, and the log of a failed task would repeat it.
        answers = ", ".join(str(status) for status, _ in refused.recipients.values())
        raise smtplib.SMTPException(f"our mail server refused the recipient ({answers})") from None
    with transaction.atomic():
        Link.objects.filter(pk=link.pk).update(mailed_at=Now())
        audit.write("letter_sent", approval.action, digest=link.digest, to=str(link.user_id))
