"""`manage.py keys rotate`: put every tenant's data keys under the newest master key."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tenants import rewrapping
from apps.tenants.management.arguments import add_json, as_text
from apps.tenants.progress import Progress, silence


class Command(BaseCommand):
    """Exit 0 when every key stands under the newest master key, 1 when one does not open."""

    help = (
        "Re-wrap data keys under the first key of PMSYNC_MASTER_KEYS. Keep the old one listed until this is "
        "done; run it again after an interruption."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["rotate"])
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rewrapping.rotate(silence if options["json"] else Progress(self.stderr, "keys re-wrapped"))
        except rewrapping.CannotRotate as closed:
            raise CommandError(
                f"Nothing was changed: {closed}. PMSYNC_MASTER_KEYS must list every key still in use."
            ) from None
        if options["json"]:
            self.stdout.write(as_text(asdict(done)))
        elif done.rewrapped:
            self.stdout.write(
                f"{done.rewrapped} data keys re-wrapped, {done.already} stood under {done.master_key_id!r} already. "
                "Start every process with this PMSYNC_MASTER_KEYS, then run this again before removing the old key."
            )
        else:
            self.stdout.write(
                f"All {done.already} data keys stand under {done.master_key_id!r}. If every process was started with "
                "this PMSYNC_MASTER_KEYS, the old key may be removed from it."
            )
