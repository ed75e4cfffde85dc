"""`manage.py watcher`: hold IDLE and NOTIFY connections until told to stop."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.sync.watching.gate import PER_HOST, Rate
from apps.sync.watching.process import ACCOUNTS, SHORTEST_LEASE, Options, Watcher
from apps.sync.watching.shard import LEASE


class Command(BaseCommand):
    """Runs in the foreground; SIGTERM or SIGINT ends it within 5 seconds. Several may run at once."""

    help = "Watch IMAP accounts for news; run as many as needed, they share the accounts among them."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"most accounts held (default {ACCOUNTS})")
        parser.add_argument(
            "--connects-per-host",
            type=float,
            default=PER_HOST.per_second,
            help=f"connections opened to one host in a second (default {PER_HOST.per_second:g})",
        )
        parser.add_argument(
            "--lease",
            type=float,
            default=LEASE,
            help=f"seconds until others take over from a dead one (default {LEASE:g})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accounts"] < 1 or options["connects_per_host"] <= 0 or options["lease"] < SHORTEST_LEASE:
            raise CommandError(
                "--accounts and --connects-per-host must be more than nothing, "
                f"--lease at least {SHORTEST_LEASE:g} seconds."
            )
        per_host = Rate(options["connects_per_host"], PER_HOST.burst)
        asyncio.run(self._watch(Options(options["accounts"], per_host, options["lease"])))

    async def _watch(self, options: Options) -> None:
        await Watcher(options).run()
