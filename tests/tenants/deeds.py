"""What a victim does until it is killed: calls that take and give nothing but text."""

from django.conf import settings

from apps.tenants import context, migrations_run, provisioning, rewrapping, schema
from apps.tenants.models import TEMPLATE, Tenant
from apps.tenants.progress import silence
from apps.users import companies
from pmsync.env import MasterKey


def found(slug: str, owner: str) -> None:
    """Create a company."""
    companies.found(slug, slug, "standard", owner)


def erase(slug: str) -> None:
    """Erase a company."""
    companies.erase(Tenant.objects.get(slug=slug))


def rotate(*keys: str) -> None:
    """Rotate the master key; keys come as `id:hex`, the newest first."""
    settings.PMSYNC_MASTER_KEYS = tuple(
        MasterKey(name, bytes.fromhex(value)) for name, _, value in (key.partition(":") for key in keys)
    )
    rewrapping.rotate(silence)


def migrate(slug: str) -> None:
    """Migrate a company."""
    migrations_run.migrate_one(Tenant.objects.get(slug=slug).pk)


def found_many(count: int) -> None:
    """Create companies without people, `fleet-0` and up."""
    for number in range(count):
        provisioning.create(f"fleet-{number}", f"Fleet {number}", "standard")


def prepare() -> None:
    """What the migrate command does first: the public schema and the template."""
    migrations_run.public_and_template(0)


def migrate_fleet() -> None:
    """What it does then, one company at a time, complaining if one fails."""
    outcome = migrations_run.run(at_once=1)
    assert not outcome.failed, outcome.failed


def all_equal_the_template() -> None:
    """Complain about any company whose schema differs from the template."""
    for tenant in Tenant.objects.all():
        assert schema.description(tenant.schema_name) == schema.description(TEMPLATE), tenant.slug


def served(*slugs: str) -> None:
    """Complain unless exactly these companies can be opened by this release."""
    open_ones = []
    for tenant in Tenant.objects.order_by("slug"):
        try:
            with context.open(tenant):
                open_ones.append(tenant.slug)
        except context.TenantBehind:
            pass
    assert open_ones == sorted(slugs), open_ones
