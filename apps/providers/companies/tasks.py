"""Celery entry points of company connections: open the tenant, call one function, nothing else."""

from typing import Final
from uuid import UUID

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.providers.adapters.errors import AdapterError
from apps.providers.models import CompanyConnection
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import connecting, directory, people

log = structlog.get_logger(__name__)

AGAIN: Final = 60
"""Seconds until people are tried again whose provider was away."""


class Handed(TenantTask):
    """Hands itself to the queue; when that is out of reach, the daily look finds what is left."""

    abstract = True

    def hand_over(self, tenant_id: str, connection_id: str, *, delay: int = 0) -> None:
        """Enqueue. Never raises for an unreachable queue."""
        try:
            self.apply_async((tenant_id, connection_id), queue="housekeeping", countdown=delay)
        except (OperationalError, OSError) as error:
            log.warning("not enqueued; the daily look will", task=self.name, reason=type(error).__name__)


@shared_task(base=Handed, name="providers.connect_people", acks_late=True, ignore_result=True)
def connect_people(tenant_id: str, connection_id: str) -> None:
    """Connect whom an administrator chose."""
    if not people.connect_wanted(UUID(connection_id)):
        connect_people.hand_over(tenant_id, connection_id, delay=AGAIN)


@shared_task(base=Handed, name="providers.end_company", acks_late=True, ignore_result=True)
def end_company(tenant_id: str, connection_id: str) -> None:
    """Disconnect the accounts of a company that was given up."""
    connecting.end(UUID(connection_id))


@shared_task(base=Handed, name="providers.read_directory", acks_late=True, ignore_result=True)
def read_directory(tenant_id: str, connection_id: str) -> None:
    """Prove a company's key and read its directory."""
    connection = connecting.connections().filter(pk=connection_id).first()
    if connection is None:
        return
    try:
        directory.read(connection)
    except AdapterError as error:
        log.info("directory not read", connection=connection_id, code=error.code)


@shared_task(base=TenantTask, name="providers.look_after_companies", ignore_result=True)
def look_after_companies(tenant_id: str) -> None:
    """Read a tenant's directories, and go on with what was cut off."""
    for connection_id in connecting.ending():
        end_company.hand_over(tenant_id, str(connection_id))
    for connection in connecting.connections():
        read_directory.hand_over(tenant_id, str(connection.pk))
        if connection.people.filter(state="wanted").exists():
            connect_people.hand_over(tenant_id, str(connection.pk))


@shared_task(base=PublicTask, name="providers.look_after_all_companies", ignore_result=True)
def look_after_all_companies() -> None:
    """One such task for each active tenant, so that a tenant in trouble stops no other."""
    for_each_tenant(look_after_companies)


def suspect(connection: CompanyConnection, tenant_id: UUID) -> None:
    """Have a company's key proved, since one of its accounts was refused: once, however many there are."""
    if directory.suspect(connection.pk):
        read_directory.hand_over(str(tenant_id), str(connection.pk))
