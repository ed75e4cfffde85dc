"""The public row of a subscription at a provider: from what a notification knows to a tenant's account."""

from django.db import models

from apps.core.ids import new_id
from apps.tenants.models import Tenant


class PushRoute(models.Model):
    """One subscription to an account's surface, or to one part of it: wanted, held or on its way out.

    No content and no secret: `token` is the SHA-256 of the secret that notifications bring, which is derived from the
    row's id and the secret key, or, where notifications name the account's address, that address's HMAC. `part` is
    the HMAC of the provider's name for the part, empty for the surface as a whole; `realm` the SHA-256 of the
    provider's name for the account's directory. `remote_id` and `resource_id` end a subscription only together with
    the account's consent.

    `due_at` is when somebody looks at it next (null: not before something happened), `queued_at` that a task is on
    its way. The lease admits one at a time to the provider. `doubted_at` is set by a poll that found what should have
    been told; a notification clears it. `silences` counts subscriptions in a row that never told anything and were
    doubted.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="push_routes")
    account_id = models.UUIDField()
    provider_type = models.CharField(max_length=12)
    surface = models.CharField(max_length=12)
    part = models.CharField(max_length=64, blank=True)
    token = models.CharField(max_length=64, blank=True)
    realm = models.CharField(max_length=64, blank=True)
    remote_id = models.CharField(max_length=255, blank=True)
    resource_id = models.CharField(max_length=255, blank=True)
    subscribed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    rung_at = models.DateTimeField(null=True)
    doubted_at = models.DateTimeField(null=True)
    silences = models.PositiveSmallIntegerField(default=0)
    compared_at = models.DateTimeField(null=True)
    is_ending = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("tenant", "account_id", "surface", "part"), name="push_route_once"),
        )
        indexes = (
            models.Index(fields=("token",), name="push_route_token", condition=~models.Q(token="")),
            models.Index(fields=("due_at",), name="push_route_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=("compared_at",), name="push_route_compared"),
        )

    def __str__(self) -> str:
        return f"{self.surface} of account {self.account_id}"

    @property
    def is_held(self) -> bool:
        """Whether the provider holds it, as far as is known."""
        return self.subscribed_at is not None
