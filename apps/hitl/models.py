"""Who decides on what agents propose: rules, approvals, links by mail, and the record of it all."""

from django.db import models
from django.db.models.functions import Now

from apps.ai.models import Action
from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Verdict(models.TextChoices):
    """What becomes of an action, the strictest last."""

    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class Scope(models.TextChoices):
    """Whom a rule is about among those who would hear of an action."""

    ANY = ""
    INSIDE = "inside"
    OUTSIDE = "outside"
    DOMAIN = "domain"
    ADDRESS = "address"


class Rule(models.Model):
    """What becomes of actions of some sort. An empty condition holds for all.

    `user_id` is whom the actions are for (null: everybody). `by_company`: its owners and admins made it, and only they
    change it; otherwise it is that person's own. `binding`: no more specific rule loosens it. `second`: two people must
    approve. `on_content`: what is done without asking is so also when an agent took the wish from what others wrote.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField(null=True)
    by_company = models.BooleanField()
    kind = models.CharField(max_length=40, blank=True)
    scope = models.CharField(max_length=8, choices=Scope, blank=True)
    recipient = models.CharField(max_length=320, blank=True)
    """An address or a domain, in lower case, as `scope` says."""
    risk = models.CharField(max_length=8, blank=True)
    verdict = models.CharField(max_length=5, choices=Verdict)
    second = models.BooleanField(default=False)
    binding = models.BooleanField(default=False)
    on_content = models.BooleanField(default=False, db_default=False)
    made_by = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("by_company", "user_id", "kind", "scope", "recipient", "risk"),
                name="rule_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)


class CompanySettings(models.Model):
    """One row: what is asked of people. Whether agents work here at all is `ai`'s own switch."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    domains = models.JSONField(default=list)
    """What counts as inside beside the addresses of the company's people and accounts."""
    expire_hours = models.PositiveIntegerField(default=72)
    letter_minutes = models.PositiveIntegerField(null=True, default=15)
    """How long an approval waits before its people get a letter; null: never."""


class ApprovalState(models.TextChoices):
    """`open` waits for a decision; the others are final."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Approval(models.Model):
    """What people decide about one action.

    `digest` is of exactly what would happen (`digests`): a decision names the digest that its person saw, and nothing
    else is carried out. `first_by` approved it where two must. Without `decided_by` a rule decided, or the time.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action = models.OneToOneField(Action, on_delete=models.CASCADE, related_name="approval")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=ApprovalState, default=ApprovalState.OPEN)
    second = models.BooleanField(default=False)
    first_by = models.UUIDField(null=True)
    delegated_to = models.UUIDField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("account", "-created_at"), name="approval_newest"),
            models.Index(fields=("account", "-created_at"), name="approval_open", condition=models.Q(state="open")),
            models.Index(fields=("delegated_to",), name="approval_delegated", condition=~models.Q(delegated_to=None)),
        )

    def __str__(self) -> str:
        return str(self.pk)


class Link(models.Model):
    """A link that was mailed to one person: opens one approval as it stood, decides it once, and lapses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="links")
    user_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=16)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("approval", "user_id", "digest"), name="link_once_a_person"),)


class Entry(models.Model):
    """A line of the record: who did what, and when. The database refuses to change or remove one.

    It names rows without foreign keys, so that it outlasts them.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    what = models.CharField(max_length=24)
    by_user = models.UUIDField(null=True)
    via = models.CharField(max_length=10)
    account_id = models.UUIDField(null=True)
    action_id = models.UUIDField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("action_id", "id"), name="entry_of_action"),
            models.Index(fields=("account_id", "-id"), name="entry_of_account"),
        )
