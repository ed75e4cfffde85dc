"""Celery entry points of hitl: open the tenant, call it, nothing else. What must not be lost is a command instead."""

from uuid import UUID

from celery import shared_task

from apps.tenants.tasks import TenantTask
from apps.users.tasks import RETRIES

from . import writing


@shared_task(base=TenantTask, name="hitl.mail_link", ignore_result=True, **RETRIES)
def mail_link(tenant_id: str, link_id: str) -> None:
    """Mail one letter. Delivered twice it mails once, or at worst the same letter twice."""
    writing.mail(UUID(link_id))
