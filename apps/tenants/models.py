"""The public rows of a tenant: itself, its domains, its wrapped data keys, the schema template's dump."""

from uuid import UUID

from django.db import models
from django_tenants.models import DomainMixin

from apps.core.ids import new_id

PUBLIC = "public"
TEMPLATE = "pmsync_template_schema"


class Plan(models.TextChoices):
    """What a tenant pays for; it decides the scheduling tier (mission M035)."""

    FREE = "free"
    STANDARD = "standard"
    PREMIUM = "premium"


class Status(models.TextChoices):
    """`creating` and `erasing` mark work that a second run of the same command completes."""

    CREATING = "creating"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASING = "erasing"


class Tenant(models.Model):  # type: ignore[django-manager-missing]  # Domain comes from there, too
    """A company. Its rows live in a schema of its own, under an opaque name never used twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    schema_name = models.CharField(max_length=63, unique=True, editable=False)
    plan = models.CharField(max_length=20, choices=Plan, default=Plan.STANDARD)
    status = models.CharField(max_length=20, choices=Status, default=Status.CREATING)
    schema_version = models.IntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_login_at = models.DateTimeField(null=True, editable=False)

    # What django-tenants asks of a tenant model; schemas are made by apps.tenants.provisioning only.
    auto_create_schema = False
    auto_drop_schema = False
    domain_url: str | None = None

    class Meta:
        verbose_name, verbose_name_plural = "company", "companies"
        ordering = ("slug",)
        indexes = (models.Index(fields=("schema_version",), name="tenant_schema_version"),)

    def __str__(self) -> str:
        return self.slug

    @staticmethod
    def schema_of(tenant_id: UUID) -> str:
        """The schema's name: opaque, host-independent, and new for each tenant."""
        return f"t_{tenant_id.hex}"


class Domain(DomainMixin):  # type: ignore[misc]  # django-tenants has no types
    """A host name that selects a tenant."""

    def clean(self) -> None:
        """Host names are compared in lower case."""
        self.domain: str = str(self.domain).strip().lower()


class DataKey(models.Model):
    """A tenant's data key, wrapped by a master key. Deleting the row shreds what it sealed."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="data_keys")
    number = models.PositiveIntegerField()
    master_key_id = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="data_key_number"),)
        indexes = (models.Index(fields=("master_key_id",), name="data_key_master"),)


class SchemaDump(models.Model):
    """The template schema as SQL: what provisioning replays. One row, of the current version."""

    version = models.IntegerField(primary_key=True)
    ddl = models.TextField()
    made_at = models.DateTimeField(auto_now=True)
