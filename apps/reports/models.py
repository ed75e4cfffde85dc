"""What people wish for, their reports, the alerts they were given, and the letters that told of both."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.ai.followups.models import FollowUp
from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class Way(models.TextChoices):
    """How somebody hears of something: by mail and in the app, only in the app, or not at all."""

    MAIL = "mail"
    APP = "app"
    OFF = "off"


def every_day() -> list[int]:
    """All days, Monday (0) first."""
    return list(range(7))


class Wishes(models.Model):
    """What a person wants to hear, how and when; without a row, what the defaults say.

    `since` is when the hour or the days were last changed: what was due before is not caught up on.
    """

    user_id = models.UUIDField(primary_key=True)
    report = models.CharField(max_length=4, choices=Way, default=Way.MAIL)
    at = models.TimeField(default=time(8))
    weekdays = ArrayField(models.SmallIntegerField(), default=every_day)
    alerts = models.CharField(max_length=4, choices=Way, default=Way.APP)
    overdue_days = models.PositiveSmallIntegerField(default=3)
    since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.user_id)


class DailyReport(models.Model):
    """A person's report of a day, in parts: one for each account, which goes with the account.

    It tells of the days from `first_day` to the one before `date`, and of what is open at `made_at`. `shown_at` is when
    the person could see it first; `delivered_at` when its hour had come.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    date = models.DateField()
    first_day = models.DateField()
    zone = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user_id", "date"), name="report_once"),)
        indexes = (models.Index(fields=("date",), name="report_date"),)

    def __str__(self) -> str:
        return str(self.id)


class ReportPart(models.Model):
    """What a report says of one account. Lists hold what was so then, each item with its id.

    `summary` and `suggestions` are a model's, and only ever text. `assistant` says why there are none: the code of an
    error of `apps.ai.model.errors`.
    """

    report = models.ForeignKey(DailyReport, on_delete=models.CASCADE, related_name="parts")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="report_parts")
    stats = models.JSONField(default=dict)
    important = models.JSONField(default=list)
    follow_ups = models.JSONField(default=list)
    events = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    summary = models.TextField(blank=True)
    suggestions = models.JSONField(default=list)
    assistant = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("report", "account"), name="report_part_once"),)

    def __str__(self) -> str:
        return str(self.pk)


class Letter(models.Model):
    """A letter of ours, of a kind, to a person, of a day: at most one, and handed to a mail server at most once.

    `doubt` is a letter that a mail server may have taken or not; it is not handed over again.
    """

    class Kind(models.TextChoices):
        """What it tells."""

        REPORT = "report"
        ALERTS = "alerts"

    class State(models.TextChoices):
        """`wanted` may be handed over; all others are ends, but `sending`, which a worker that dies leaves behind."""

        WANTED = "wanted"
        SENDING = "sending"
        SENT = "sent"
        REFUSED = "refused"
        DOUBT = "doubt"
        MISSED = "missed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    kind = models.CharField(max_length=6, choices=Kind)
    day = models.DateField()
    state = models.CharField(max_length=7, choices=State, default=State.WANTED)
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user_id", "kind", "day"), name="letter_once"),)
        indexes = (
            models.Index(fields=("not_before",), name="letter_wanted", condition=models.Q(state="wanted")),
            models.Index(fields=("day",), name="letter_day"),
        )

    def __str__(self) -> str:
        return str(self.id)


class Alert(models.Model):
    """A follow-up whose time is up, told to a person once. `letter` is the one that told them by mail."""

    class Kind(models.TextChoices):
        """A day or hour that passed, or nothing heard for days."""

        DEADLINE = "deadline"
        OVERDUE = "overdue"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    followup = models.ForeignKey(FollowUp, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    since = models.DateTimeField()
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    letter = models.ForeignKey(Letter, on_delete=models.SET_NULL, null=True, related_name="alerts")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user_id", "followup", "kind"), name="alert_once"),)
        indexes = (models.Index(fields=("user_id", "-at"), name="alert_newest"),)

    def __str__(self) -> str:
        return str(self.id)
