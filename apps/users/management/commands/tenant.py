"""`manage.py tenant create|list|suspend|resume|export|erase`: the companies of this installation."""

import sys
from dataclasses import asdict
from json import dumps as pretty
from pathlib import Path
from typing import Any

import redis
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from apps.tenants import exporting, provisioning
from apps.tenants.management.arguments import add_action, as_text, tenant_of
from apps.tenants.models import Plan, Tenant
from apps.users import companies


class Command(BaseCommand):
    """Exit 0 done, 1 failed, 2 bad arguments."""

    help = "Create, list, suspend, resume, export and erase tenants."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        create = add_action(actions, "create", "create a tenant; again, to complete one that was cut off")
        create.add_argument("slug", help="short name, first label of the tenant's host name")
        create.add_argument("--name", help="the company's name (default: the slug)")
        create.add_argument("--plan", choices=Plan.values, default=Plan.STANDARD.value)
        create.add_argument("--owner", required=True, metavar="EMAIL", help="becomes a person if they are not one yet")
        add_action(actions, "list", "list all tenants")
        for name, what in (("suspend", "close a tenant; its data stays"), ("resume", "open a suspended tenant")):
            add_action(actions, name, what).add_argument("slug")
        export = add_action(actions, "export", "write an archive of what the tenant holds")
        export.add_argument("slug")
        export.add_argument("--to", type=Path, metavar="FILE", help="the archive (default: SLUG.zip)")
        erase = add_action(actions, "erase", "remove a tenant for good and print what was removed")
        erase.add_argument("slug")
        erase.add_argument("--yes", action="store_true", help="do not ask for the short name again")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from None

    def _say(self, as_json: bool, facts: Any, text: str) -> None:
        self.stdout.write(as_text(facts) if as_json else text)

    def _create(self, *, slug: str, name: str | None, plan: str, owner: str, json: bool, **_: Any) -> None:
        try:
            provisioning.check_slug(slug)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages), returncode=2) from None
        done = companies.found(slug, name or slug, plan, owner)
        facts = _facts(done.tenant) | {"owner": done.owner.email, "set_password": done.link}
        link = f"\nThe owner chooses a password here, within three days:\n{done.link}" if done.link else ""
        self._say(json, facts, f"Tenant {slug} is ready; its owner is {done.owner.email}.{link}")

    def _list(self, *, json: bool, **_: Any) -> None:
        rows = list(Tenant.objects.annotate(members=Count("memberships")))
        table = [f"{'SLUG':<24} {'PLAN':<10} {'STATUS':<10} {'SCHEMA':>6} {'MEMBERS':>7}  NAME"]
        table += [
            f"{row.slug:<24} {row.plan:<10} {row.status:<10} {row.schema_version:>6} {row.members:>7}  {row.name}"
            for row in rows
        ]
        text = "\n".join(table) if rows else "No tenant yet: `manage.py tenant create SLUG --owner EMAIL` makes one."
        self._say(json, [_facts(row) | {"members": row.members} for row in rows], text)

    def _suspend(self, *, slug: str, json: bool, **_: Any) -> None:
        tenant = tenant_of(slug)
        provisioning.suspend(tenant)
        self._say(json, _facts(tenant), f"Tenant {slug} is suspended: nobody can use it, and its data stays.")

    def _resume(self, *, slug: str, json: bool, **_: Any) -> None:
        tenant = tenant_of(slug)
        provisioning.resume(tenant)
        self._say(json, _facts(tenant), f"Tenant {slug} is open again.")

    def _export(self, *, slug: str, to: Path | None, json: bool, **_: Any) -> None:
        target = to or Path(f"{slug}.zip")
        try:
            done = exporting.export(tenant_of(slug), target)
        except OSError as refused:
            raise CommandError(f"{refused.filename or target} cannot be read or written: {refused.strerror}.") from None
        text = (
            f"{target}: {sum(done.tables.values())} rows of {len(done.tables)} tables, and a list of {done.files} "
            "files. README.txt inside says what it leaves out."
        )
        self._say(json, asdict(done) | {"archive": str(target)}, text)

    def _erase(self, *, slug: str, yes: bool, json: bool, **_: Any) -> None:
        tenant = tenant_of(slug)
        if not yes and not _typed_again(slug):
            raise CommandError("Nothing was erased.")
        try:
            done = companies.erase(tenant)
        except redis.RedisError as away:
            raise CommandError(f"Erasing stopped because Redis is away ({away}). Run the command again.") from None
        self.stdout.write(as_text(done.as_json()) if json else pretty(done.as_json(), indent=2))
        if not done.complete:
            raise CommandError("Something is left; the certificate says what. Run the command again.")


def _facts(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.pk),
        "slug": tenant.slug,
        "name": tenant.name,
        "plan": tenant.plan,
        "status": tenant.status,
        "schema": tenant.schema_name,
        "schema_version": tenant.schema_version,
        "created_at": tenant.created_at.isoformat(),
    }


def _typed_again(slug: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("Erasing asks for the short name again; without a terminal, pass --yes.", returncode=2)
    return input(f"This removes {slug} for good. Type its short name to go on: ").strip() == slug
