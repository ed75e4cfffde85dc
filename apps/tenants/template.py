"""The template schema: migrated like a tenant, never served, and dumped for provisioning to replay."""

import os
import subprocess
from typing import Final

import psycopg
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from psycopg import sql

from . import schema
from .models import TEMPLATE, SchemaDump

# pg_dump writes session settings and (from 18 on) `\restrict` lines; none belongs into a replay.
NOISE: Final = ("\\", "--", "SET ", "SELECT pg_catalog.set_config")
PROOF: Final = "pmsync_template_proof"


class TemplateOutdated(ValidationError):
    """The template's dump is older than this code: `manage.py migrate` makes it anew."""


class TemplateUnfaithful(Exception):
    """Replaying the dump does not give the template back; no tenant may be made from it."""


def is_behind() -> bool:
    """True when no dump of this code's version is kept."""
    return not SchemaDump.objects.filter(version=schema.version()).exists()


def current_dump() -> str:
    """The SQL that provisioning replays. Raises TemplateOutdated when it is not of this code's version."""
    dump = SchemaDump.objects.filter(version=schema.version()).first()
    if dump is None:
        raise TemplateOutdated("The tenant template is older than this program: run `manage.py migrate` first.")
    return dump.ddl


def migrate() -> None:
    """Bring the template schema to this code's version and keep its dump.

    Raises TemplateUnfaithful when a schema replayed from the dump differs from the template in any
    column, index or constraint (a schema clone was seen to lose vector dimensions).
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(TEMPLATE)))
    schema.migrate(TEMPLATE)
    ddl = _dump()
    _prove(ddl)
    with transaction.atomic():
        SchemaDump.objects.update_or_create(version=schema.version(), defaults={"ddl": ddl})
        SchemaDump.objects.exclude(version=schema.version()).delete()


def replay(ddl: str, schema_name: str) -> None:
    """Make a schema out of the dump, inside the caller's transaction."""
    with connection.cursor() as cursor:
        # Without parameters psycopg uses the simple protocol, which takes many statements at once.
        cursor.connection.execute(ddl.replace(TEMPLATE, schema_name))


def _prove(ddl: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        replay(ddl, PROOF)
        same = schema.digest(PROOF) == schema.digest(TEMPLATE)
        cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(PROOF)))
    if not same:
        raise TemplateUnfaithful("A schema replayed from the template's dump differs from the template.")


def _dump() -> str:
    command = [settings.PMSYNC_PG_DUMP, "--schema-only", "--no-owner", "--no-privileges", "-n", TEMPLATE, "--dbname"]
    address, password = _address()
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    try:
        done = subprocess.run([*command, address], env=environment, capture_output=True, text=True, check=False)
    except OSError as missing:
        raise SystemExit(
            f"{command[0]} cannot be run ({missing.strerror}); it dumps the tenant template. Install PostgreSQL's "
            "client programs, or name pg_dump by PMSYNC_PG_DUMP."
        ) from None
    if done.returncode:
        raise SystemExit(f"pg_dump of the tenant template failed: {done.stderr.strip()}")
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(NOISE))


def _address() -> tuple[str, str]:
    """Our own connection as libpq writes it, and the password apart: a command line is public."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    values = {name: value for name, value in connection.get_connection_params().items() if name in known and value}
    password = str(values.pop("password", ""))
    return psycopg.conninfo.make_conninfo(**values), password
