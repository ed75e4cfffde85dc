"""`manage.py sync now|status|reset`: the engine by hand."""

import time
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from apps.core.clock import now
from apps.providers.management.arguments import accounts_of
from apps.sync import operations, registry, status
from apps.sync.models import Phase, SyncTarget
from apps.sync.status import Row
from apps.tenants import context
from apps.tenants.management.arguments import add_action, as_text, tenant_of

POLL: Final = 0.3
LINE: Final = "{:<38} {:<9} {:<8} {:<8} {:<20} {:<9} {:<7} {}"


class Command(BaseCommand):
    """Exit 0 done, 1 a sync failed or did not end in time, 2 bad arguments."""

    help = "Ask for a sync, see how the syncs stand, start one anew."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, what in (
            ("now", "ask for a sync of everything, one account or one kind"),
            ("status", "show how each sync stands"),
            ("reset", "forget cursors, failures and pauses, and compare with the provider in full"),
        ):
            action = add_action(actions, name, what)
            action.add_argument("--tenant", required=True, metavar="SLUG")
            action.add_argument("--account", metavar="ID-OR-ADDRESS", help="default: all")
            action.add_argument("--kind", choices=registry.names(), help="default: all")
            if name != "status":
                action.add_argument("--wait", action="store_true", help="until the syncs have ended")
                action.add_argument(
                    "--timeout", type=float, default=600, metavar="SECONDS", help="of --wait (default %(default)g)"
                )

    def handle(self, *args: Any, action: str, tenant: str, account: str | None, **options: Any) -> None:
        kind = options["kind"]
        try:
            with context.open(tenant_of(tenant)):
                ids = [found.pk for found in accounts_of(account)] if account else None
                targets = operations.targets_of(ids, kind)
                if action == "status":
                    self._show(status.rows(targets), options["json"])
                    return
                if not targets.exists():
                    self.stdout.write("[]" if options["json"] else "There is nothing to sync.")
                    return
                begun = now()
                count = (operations.restart if action == "now" else operations.reset)(targets)
                self._tell_left_out(targets.count() - count)
                if options["wait"]:
                    self._wait(targets, begun, options["timeout"], quiet=options["json"])
                    self._show(status.rows(targets), options["json"])
                else:
                    self.stdout.write(as_text({"requested": count}) if options["json"] else f"{count} syncs requested.")
        except context.TenantClosed as closed:
            raise CommandError(str(closed)) from None

    def _tell_left_out(self, number: int) -> None:
        if number > 0:
            self.stderr.write(
                f"{number} left out: the owner has to connect the account again first. `manage.py account list` tells."
            )

    def _wait(self, targets: QuerySet[SyncTarget], begun: datetime, timeout: float, *, quiet: bool) -> None:
        """Until every active target has synced since `begun`. Raises CommandError for a failure or no end in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            rows = [target for target in targets.all() if target.is_active]
            failed = [target for target in rows if target.error_code]
            if failed:
                self._end_line(quiet)
                reasons = "; ".join(f"{target.account_id}: {target.error_reason}" for target in failed)
                raise CommandError(f"{len(failed)} syncs failed: {reasons}")
            left = [target for target in rows if not _done(target, begun)]
            if not quiet:
                self._bar(len(rows) - len(left), len(rows))
            if not left:
                self._end_line(quiet)
                return
            time.sleep(POLL)
        self._end_line(quiet)
        raise CommandError(f"Not done after {timeout:g} s. Is a worker running? /health/ready tells.")

    def _bar(self, done: int, total: int) -> None:
        filled = round(30 * done / total) if total else 30
        self.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total}", ending="")

    def _end_line(self, quiet: bool) -> None:
        if not quiet:
            self.stderr.write("")

    def _show(self, rows: list[Row], json: bool) -> None:
        if json:
            self.stdout.write(as_text([row.as_json() for row in rows]))
            return
        self.stdout.write(LINE.format("ACCOUNT", "KIND", "STATE", "PHASE", "LAST SYNC", "TIER", "PUSH", "ERROR"))
        for row in rows:
            error = f"{row.error.code}: {row.error.message}" if row.error else ""
            last = (row.last_synced_at or "never")[:19]
            self.stdout.write(
                LINE.format(row.account_id, row.kind, row.state, row.phase, last, row.tier, row.push, error)
            )


def _done(target: SyncTarget, begun: datetime) -> bool:
    synced = target.last_synced_at is not None and target.last_synced_at >= begun
    return synced and target.phase == Phase.LIVE and target.wanted_at is None
