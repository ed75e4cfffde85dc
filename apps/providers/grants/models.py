"""The public row of a consent: that an account lives by it, and by what it is known as the same as another."""

from django.db import models

from apps.core.ids import new_id
from apps.tenants.models import Tenant


class ConsentHolder(models.Model):
    """An account that lives by somebody's consent at a provider. `digest` is an HMAC of the provider's key for that
    somebody, under a key that only this installation has: it finds the same one and names nobody."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="consent_holders")
    account_id = models.UUIDField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "account_id"), name="consent_holder_once"),)
        indexes = (models.Index(fields=("digest",), name="consent_holder_digest"),)

    def __str__(self) -> str:
        return str(self.account_id)
