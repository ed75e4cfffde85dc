"""How far the agents have read, and what they make of each message."""

from django.db import models
from django.db.models.functions import Now

from apps.mail.models import Message
from apps.providers.models import ProviderAccount


class AgentCursor(models.Model):
    """How far an agent has read the journal, and which process reads on.

    `gaps` counts how often the journal had forgotten what was not read yet. Times of the lease are the database's.
    """

    agent = models.CharField(max_length=20, primary_key=True)
    seq = models.BigIntegerField(default=0)
    gaps = models.PositiveIntegerField(default=0)
    leased_by = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.agent


class Category(models.TextChoices):
    """What a message is about, for the person who gets it; empty where nobody can tell."""

    PROJECT = "project"
    MEETING = "meeting"
    SALES = "sales"
    SUPPORT = "support"
    BILLING = "billing"
    LEGAL = "legal"
    HIRING = "hiring"
    TRAVEL = "travel"
    PERSONAL = "personal"
    NEWSLETTER = "newsletter"
    NOTIFICATION = "notification"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    PHISHING = "phishing"
    OTHER = "other"


class Urgency(models.TextChoices):
    """How soon it matters."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Sentiment(models.TextChoices):
    """How it sounds."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Reading(models.Model):
    """A message that an agent is to read, or has read.

    `waiting` until somebody has; `by` says who read it: the rules alone, or the model. `error` is the code of what the
    model failed with, where the rules had to do.
    """

    class State(models.TextChoices):
        """Whether it was read."""

        WAITING = "waiting"
        DONE = "done"

    class By(models.TextChoices):
        """Who read it."""

        RULES = "rules"
        MODEL = "model"

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=20, blank=True)
    by = models.CharField(max_length=6, choices=By, blank=True)
    category = models.CharField(max_length=12, choices=Category, blank=True)
    urgency = models.CharField(max_length=8, choices=Urgency, blank=True)
    sentiment = models.CharField(max_length=8, choices=Sentiment, blank=True)
    needs_reply = models.BooleanField(null=True)
    language = models.CharField(max_length=8, blank=True)
    important = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("not_before",), name="reading_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=("account",), name="reading_account"),
        )

    def __str__(self) -> str:
        return str(self.message_id)
