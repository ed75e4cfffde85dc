"""What Google's calls cost, and how many units a minute a user and a project have.

Gmail "Usage limits" (projects since 2026-05-01), Calendar "Manage quotas". Those of People are not published.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from apps.providers.adapters.base import Budget

BUDGETS: Final[Mapping[str, Budget]] = {
    "gmail": Budget("gmail", per_user=6_000, per_application=1_200_000),
    "calendar": Budget("calendar", per_user=600, per_application=10_000),
}
UNITS: Final = (
    ("gmail.users.messages.get", 20), ("gmail.users.messages.attachments.get", 20), ("gmail.users.drafts.get", 20),
    ("gmail.users.threads.get", 40), ("gmail.users.messages.list", 5), ("gmail.users.messages.modify", 5),
    ("gmail.users.messages.trash", 20), ("gmail.users.messages.delete", 10), ("gmail.users.messages.insert", 25),
    ("gmail.users.messages.import", 25), ("gmail.users.messages.send", 100), ("gmail.users.messages.batch*", 50),
    ("gmail.users.drafts.create", 10), ("gmail.users.drafts.delete", 10), ("gmail.users.drafts.update", 15),
    ("gmail.users.drafts.list", 5), ("gmail.users.drafts.send", 100), ("gmail.users.history.list", 2),
    ("gmail.users.getProfile", 1), ("gmail.users.labels.list", 1), ("gmail.users.labels.get", 1),
    ("gmail.users.labels.*", 5), ("gmail.users.watch", 100), ("gmail.users.stop", 50),
)  # fmt: skip


def units(methods: Iterable[str]) -> int:
    """The units of these calls, by their ids (`gmail.users.messages.get`)."""
    return sum(next((cost for pattern, cost in UNITS if fnmatchcase(one, pattern)), 1) for one in methods)
