"""Tier and interval: how often an account is looked at when nothing rings (mission M035, M036)."""

from datetime import datetime, timedelta
from random import uniform
from typing import Final

from .models import SyncTarget, Tier

MINUTE: Final = timedelta(minutes=1)
INTERVALS: Final = {
    "google": {Tier.CRITICAL: 5, Tier.HIGH: 15, Tier.NORMAL: 30, Tier.LOW: 120},
    "microsoft": {Tier.CRITICAL: 5, Tier.HIGH: 15, Tier.NORMAL: 30, Tier.LOW: 120},
    "imap": {Tier.CRITICAL: 10, Tier.HIGH: 30, Tier.NORMAL: 60, Tier.LOW: 240},
    "dav": {Tier.CRITICAL: 10, Tier.HIGH: 30, Tier.NORMAL: 60, Tier.LOW: 240},
}
# With a live push channel polling is only the safety net for a push that was lost.
SAFETY_NET: Final = timedelta(minutes=15)
# Without one, a person who is looking expects mail within half a minute (M107).
ACTIVE_POLL: Final = timedelta(seconds=30)
ACTIVE: Final = timedelta(minutes=10)


def tier(plan: str, last_login_at: datetime | None, last_synced_at: datetime | None, moment: datetime) -> Tier:
    """Premium is CRITICAL, a person seen within the hour HIGH; else by hours since the last sync
    (over 48 LOW, over 6 NORMAL, else HIGH), where S4's rule replaces S1's (M106)."""
    if plan == "premium":
        return Tier.CRITICAL
    if last_login_at and moment - last_login_at < timedelta(hours=1):
        return Tier.HIGH
    if last_synced_at is None:
        return Tier.HIGH
    since = moment - last_synced_at
    if since > timedelta(hours=48):
        return Tier.LOW
    return Tier.NORMAL if since > timedelta(hours=6) else Tier.HIGH


def interval(target: SyncTarget, last_login_at: datetime | None, moment: datetime) -> timedelta:
    """Time until the next look, with 10 % of jitter so that targets created together drift apart."""
    if target.push_until and target.push_until > moment:
        base = SAFETY_NET
    elif last_login_at and moment - last_login_at < ACTIVE:
        base = ACTIVE_POLL
    else:
        base = MINUTE * INTERVALS[target.provider_type][Tier(target.tier)]
    return base * uniform(0.95, 1.05)
