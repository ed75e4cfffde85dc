"""A tenant's switch of its agents, whose mail they may read, what the model cost, and what it was asked."""

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class AgentSwitch(models.Model):
    """One row: whether agents may work here, and within which bounds. Null means what the installation says.

    Read before each call of the model, so that switching off stops within one call. Its lock orders what is charged.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    enabled = models.BooleanField(default=True)
    daily_tokens = models.BigIntegerField(null=True)
    kept_days = models.PositiveSmallIntegerField(null=True)
    changed_by = models.UUIDField(null=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="agent_switch_one_row"),)

    def __str__(self) -> str:
        return "on" if self.enabled else "off"


class Consent(models.Model):
    """What the owner of an account lets agents do with it; without a row, nothing.

    `reading`: they read its mail, and what they make of it is kept. `drafting`: they also propose an answer to mail
    that needs one.
    """

    account = models.OneToOneField(ProviderAccount, on_delete=models.CASCADE, primary_key=True, related_name="+")
    reading = models.BooleanField(default=False)
    drafting = models.BooleanField(default=False)
    by_user = models.UUIDField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.account_id)


class ModelUsage(models.Model):
    """Tokens of one day (UTC), by purpose and model. `micros` are millionths of the currency of the price list."""

    day = models.DateField()
    purpose = models.CharField(max_length=20)
    model = models.CharField(max_length=80)
    calls = models.PositiveIntegerField(default=0)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)
    reserved_tokens = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("day", "purpose", "model"), name="model_usage_once"),)

    def __str__(self) -> str:
        return f"{self.day} {self.purpose}"


class ModelCall(models.Model):
    """One attempt at the model. `content` is prompt and output, sealed for "ai-call:<id>"; null when none is kept.

    `about` is the message or conversation that it was about. `outcome` is `ok` or the code of an error.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, null=True, related_name="+")
    user_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=20)
    model = models.CharField(max_length=80)
    about = models.UUIDField(null=True)
    outcome = models.CharField(max_length=20)
    ms = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    content = models.BinaryField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=("at",), name="model_call_at"),
            models.Index(fields=("account", "-at"), name="model_call_newest"),
        )

    def __str__(self) -> str:
        return str(self.id)
