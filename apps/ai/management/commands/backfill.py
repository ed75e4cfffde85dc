"""`manage.py backfill embeddings`: read all that waits, here and now, to the end."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.ai.retrieval import filling
from apps.ai.retrieval.embedder import Embedder, EmbedderError, current
from apps.providers.management.arguments import accounts_of
from apps.tenants import context
from apps.tenants.management.arguments import add_action, as_text, tenant_of
from apps.tenants.progress import Progress, silence


class Command(BaseCommand):
    """Exit 0 all was read, 1 something is left, 2 bad arguments. Can be cut off anywhere and run again."""

    help = "Bring what came before up to what is made of it today."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
        embeddings = add_action(actions, "embeddings", "passages and vectors of mail, events and contacts")
        embeddings.add_argument("--tenant", required=True, metavar="SLUG")
        embeddings.add_argument("--account", metavar="ID-OR-ADDRESS", help="default: all whose owners consented")

    def handle(self, *args: Any, action: str, tenant: str, account: str | None, **options: Any) -> None:
        try:
            with context.open(tenant_of(tenant)):
                self._read(account, json=options["json"])
        except context.TenantClosed as closed:
            raise CommandError(str(closed)) from None

    def _read(self, account: str | None, *, json: bool) -> None:
        accounts = filling.accounts()
        if account is not None:
            wanted = {row.pk for row in accounts_of(account)}
            if not wanted & set(accounts):
                raise CommandError("The owner of this account has not let it be read, or it is not connected.")
            accounts = [pk for pk in accounts if pk in wanted]
        embedder = current()
        waiting = {pk: filling.pending(pk, embedder.name) for pk in accounts}
        progress = silence if json else Progress(self.stderr, "read")
        done, left = self._fill(waiting, embedder, progress)
        told = {"model": embedder.name, "accounts": len(accounts), "read": done, "left": left}
        self.stdout.write(as_text(told) if json else f"{done} read with {embedder.name}; {left} left.")
        if left:
            raise CommandError("Something is left: another process reads it, or more came meanwhile. Run it again.")

    def _fill(self, waiting: dict[UUID, int], embedder: Embedder, progress: Any) -> tuple[int, int]:
        """Read each account; how many sources were read, and how many wait all the same."""
        total, done = sum(waiting.values()), 0

        def step(count: int) -> None:
            nonlocal done
            done += count
            progress(min(done, total), total)

        for account_id in waiting:
            try:
                filling.fill(account_id, embedder, whole=True, step=step)
            except EmbedderError as error:
                raise CommandError(f"{error.reason}. {done} were read; run it again to go on.") from None
        return done, sum(filling.pending(pk, embedder.name) for pk in waiting)
