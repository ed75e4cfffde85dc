"""The queues, and which of them a target's run goes to (category by tier, mission M031, M113)."""

from typing import Final

from .models import Phase, SyncTarget, Tier

SYNC_OF_TIER: Final = {
    Tier.CRITICAL: "sync.high",
    Tier.HIGH: "sync.high",
    Tier.NORMAL: "sync.normal",
    Tier.LOW: "sync.low",
}
# The kind of the targets that are no sync: an account's queue of commands.
OUTBOUND: Final = "outbound"
QUEUE_OF_KIND: Final = {"calendar": "calendar", "contacts": "contacts", OUTBOUND: "outbound"}
TASK_OF_KIND: Final = {OUTBOUND: "outbound.run"}
# Where history is read, behind all news. Calendars and contacts are brought in whole, all of it at once.
BACKFILL: Final = "backfill"
BACKFILL_TASK: Final = "sync.backfill"
WHOLE: Final = frozenset({"calendar", "contacts"})
ALL: Final = (
    "sync.high",
    "sync.normal",
    "sync.low",
    "calendar",
    "contacts",
    "webhooks",
    "outbound",
    "backfill",
    "ai",
    "embedding",
    "housekeeping",
)
# Reasons that somebody waits for: they go first whatever the tier.
URGENT: Final = frozenset({"user", "push", "idle", "command", "connect"})


def task_of(target: SyncTarget) -> str:
    """The name of the task that runs it. By name: what stands above the engine has tasks of its own."""
    return TASK_OF_KIND.get(target.kind, "sync.run")


def of(target: SyncTarget, because: str) -> str:
    """The queue for one run. What is brought in whole goes to `backfill` the first time, so that it delays nobody's
    news; of all else the news has its queue also while history is missing."""
    if target.phase == Phase.INITIAL and target.kind in WHOLE:
        return BACKFILL
    if target.kind in QUEUE_OF_KIND:
        return QUEUE_OF_KIND[target.kind]
    return "sync.high" if because in URGENT else SYNC_OF_TIER[Tier(target.tier)]
