"""What goes by itself: reports, alerts and letters that are old, and all that belonged to people who have left."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from apps.core.clock import now
from apps.tenants import context
from apps.users.models import Membership

from .models import Alert, DailyReport, Letter, Wishes


def tidy() -> int:
    """Tidy the open tenant; return how many rows went."""
    here = Membership.objects.filter(tenant=context.current()).values_list("user_id", flat=True)
    gone = ~Q(user_id__in=list(here))
    before = now() - timedelta(days=settings.PMSYNC_REPORT_KEPT_DAYS)
    old = (
        DailyReport.objects.filter(Q(date__lt=before.date()) | gone),
        Alert.objects.filter(Q(at__lt=before) | gone),
        Letter.objects.filter(Q(day__lt=before.date()) | gone),
        Wishes.objects.filter(gone),
    )
    return sum(rows.delete()[0] for rows in old)
