"""`manage.py migrate`: public schema, template, then every tenant that is behind."""

import sys
from dataclasses import asdict
from typing import Any, Final

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db.migrations.autodetector import MigrationAutodetector

from apps.tenants import migrations_run, schema, template
from apps.tenants.management.arguments import add_json, as_text
from apps.tenants.progress import Progress, silence

# Makes the tables of the tenants and of the template's dump.
FIRST: Final = "tenants.0002_initial"


class Command(BaseCommand):
    """Replaces Django's own: a schema per tenant needs an order and a memory of what is done.

    Exit 0 when everything stands at this code's version, 1 when something does not.
    """

    help = "Migrate the public schema, the tenant template, and each tenant that stands behind. Run again to resume."
    # makemigrations asks the project's migrate command for it.
    autodetector = MigrationAutodetector
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app_label", nargs="?", help="not possible here; the command says why")
        parser.add_argument("migration_name", nargs="?", help="not possible here; the command says why")
        parser.add_argument("--plan", action="store_true", help="show what would be done, and do nothing")
        parser.add_argument("--check", action="store_true", help="exit 1 if anything would be done, and do nothing")
        parser.add_argument("--at-once", type=int, default=2, help="tenants migrated at a time (default 2)")
        add_json(parser)
        parser.add_argument("--database", default="default", choices=["default"], help="there is one database")
        parser.add_argument(
            "--noinput", "--no-input", action="store_false", dest="interactive", help="never asks anyway"
        )
        parser.add_argument("--run-syncdb", action="store_true", help="accepted for Django's test runner")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["app_label"]:
            raise CommandError(
                "Applications are migrated together: a tenant that stands half-way is not served. "
                "Run `manage.py migrate` without names; to undo a release, restore its backup or migrate forward.",
                returncode=2,
            )
        if options["at_once"] < 1:
            raise CommandError("--at-once must be 1 or more.", returncode=2)
        if options["plan"] or options["check"]:
            self._show(as_json=options["json"], quiet=options["check"])
            return
        verbosity = int(options["verbosity"])
        migrations_run.public_and_template(max(0, verbosity - 1))
        outcome = migrations_run.run(
            at_once=options["at_once"], report=Progress(self.stderr, "tenants migrated") if verbosity else silence
        )
        self._finish(outcome, as_json=options["json"], quiet=not verbosity)

    def _show(self, *, as_json: bool, quiet: bool) -> None:
        pending = schema.pending_public()
        empty = FIRST in pending  # a new database: there is no table to ask
        waiting = [] if empty else [tenant.slug for tenant in migrations_run.behind()]
        behind = empty or template.is_behind()
        if as_json:
            self.stdout.write(as_text({"public": pending, "template": behind, "tenants": waiting}))
        elif not quiet:
            call_command(DjangoMigrate(), plan=True, skip_checks=True, stdout=self.stdout._out)
            self.stdout.write(f"Template: {'to be migrated' if behind else 'up to date'}.")
            self.stdout.write(f"Tenants behind: {len(waiting)}. {' '.join(waiting[:20])}".rstrip())
        if quiet and (pending or behind or waiting):
            sys.exit(1)

    def _finish(self, outcome: migrations_run.Outcome, *, as_json: bool, quiet: bool) -> None:
        if as_json:
            self.stdout.write(as_text(asdict(outcome)))
        elif not quiet and not outcome.failed:
            self.stdout.write(f"Everything stands at schema {schema.version()}; {outcome.migrated} tenants migrated.")
        for slug, problem in outcome.failed.items():
            self.stderr.write(f"Tenant {slug} was not migrated and is not served: {problem}. Mend it and run again.")
        if outcome.failed:
            sys.exit(1)
