"""`manage.py verify`: compare mirrors with their servers, item by item."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.providers.management.arguments import accounts_of
from apps.sync import verification
from apps.sync.verification import Verified
from apps.tenants import context
from apps.tenants.management.arguments import add_json, as_text, tenant_of


class Command(BaseCommand):
    """Exit 0 no difference, 1 differences or no comparison possible, 2 bad arguments."""

    help = "Compare a tenant's mirrors with their servers; exit 1 lists every difference."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--account", metavar="ID-OR-ADDRESS", help="default: all of the tenant's accounts")
        parser.add_argument(
            "--settle", type=float, default=verification.SETTLE, metavar="SECONDS",
            help="pause before each difference is looked at again (default %(default)g)",
        )  # fmt: skip
        add_json(parser)

    def handle(self, *args: Any, tenant: str, account: str | None, settle: float, json: bool, **options: Any) -> None:
        report = None if json else self._tell
        try:
            with context.open(tenant_of(tenant)):
                done = verification.verify_all(accounts_of(account), settle=settle, report=report)
        except context.TenantClosed as closed:
            raise CommandError(str(closed)) from None
        equal = all(verified.equal for verified in done)
        compared = sum(verified.compared for verified in done)
        differences = sum(len(verified.differences) for verified in done)
        if json:
            facts = {"equal": equal, "compared": compared, "differences": differences,
                     "accounts": [asdict(verified) for verified in done]}  # fmt: skip
            self.stdout.write(as_text(facts))
        if not equal:
            unproven = sum(1 for verified in done if verified.obstacle)
            raise CommandError(f"{differences} differences in {compared} items; {unproven} accounts not compared.")
        if not json:
            self.stdout.write(self.style.SUCCESS(f"No difference in {compared} items of {len(done)} mirrors."))

    def _tell(self, verified: Verified) -> None:
        where = f"{verified.kind} of account {verified.account_id}"
        if verified.obstacle:
            self.stdout.write(self.style.ERROR(f"{where}: {verified.obstacle}"))
        for difference in verified.differences:
            self.stdout.write(self.style.ERROR(f"{where}: {difference.kind}: {difference.where}: {difference.what}"))
        if verified.equal:
            self.stdout.write(f"{where}: {verified.compared} items equal")
