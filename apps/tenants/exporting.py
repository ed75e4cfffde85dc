"""A tenant's data as an archive: what its tables hold, as JSON lines, and the list of its files.

The archive says of itself what it leaves out: README.txt and manifest.json are part of it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from apps.core.clock import now

from . import erasure
from .models import Tenant

PAGE: Final = 2000
# Bytes are sealed (credentials, keys) and search vectors are derived from text that is here anyway.
LEFT_OUT_TYPES: Final = ("bytea", "tsvector", "halfvec")
LEFT_OUT_TABLES: Final = frozenset({"tenants_datakey", "users_session"})
README: Final = """\
Export of {name} ({slug}), made {made_at}.

tables/<name>.jsonl   every row of the company's own tables, one JSON object a line
public/<name>.jsonl   rows about the company in the tables that all companies share:
                      members' addresses and roles, host names, what is synced and when
files.jsonl           the files that hold whole messages and attachments: path, size, SHA-256
manifest.json         how many rows each table has here, and which columns were left out

Not in this archive:
- passwords, sign-in sessions, keys, and the credentials of connected accounts (sealed or secret);
- the files themselves: they are encrypted, and the same messages lie with your mail provider;
- search indexes, which are derived from the text that is here.
"""


@dataclass(slots=True)
class Exported:
    """What the archive holds."""

    tenant: str
    made_at: str
    tables: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0


def export(tenant: Tenant, target: Path) -> Exported:
    """Write the archive. All tables are read at one moment; the file appears under its name when it is whole."""
    done = Exported(tenant.slug, now().isoformat())
    partial = target.with_name(target.name + ".part")
    # The words of a company's mail, in plain: for whoever runs the command and nobody else.
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in erasure.tables(tenant.schema_name):
            _write_table(archive, done, tenant, f"tables/{table}.jsonl", (tenant.schema_name, table), None)
        for model in erasure.public_models():
            table = model._meta.db_table
            if table not in LEFT_OUT_TABLES:
                _write_table(archive, done, tenant, f"public/{table}.jsonl", ("public", table), "tenant_id")
        _write_people(archive, done, tenant)
        _write_files(archive, done, tenant)
        text = README.format(name=tenant.name, slug=tenant.slug, made_at=done.made_at)
        archive.writestr("README.txt", text)
        archive.writestr("manifest.json", json.dumps(asdict(done), indent=2))
    partial.replace(target)
    return done


def _columns(schema_name: str, table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f'"{schema_name}"."{table}"'],
        )
        return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


def _write_table(
    archive: zipfile.ZipFile, done: Exported, tenant: Tenant, entry: str, table: tuple[str, str], owner: str | None
) -> None:
    columns = _columns(*table)
    kept = [name for name, kind in columns if kind not in LEFT_OUT_TYPES]
    if left_out := [name for name, kind in columns if kind in LEFT_OUT_TYPES]:
        done.left_out[entry] = left_out
    query = sql.SQL("SELECT row_to_json(r)::text FROM (SELECT {} FROM {}{}) r").format(
        sql.SQL(", ").join(map(sql.Identifier, kept)),
        sql.Identifier(*table),
        sql.SQL(" WHERE {} = {}").format(sql.Identifier(owner), sql.Literal(tenant.pk)) if owner else sql.SQL(""),
    )
    _write_lines(archive, done, entry, query)


def _write_people(archive: zipfile.ZipFile, done: Exported, tenant: Tenant) -> None:
    """Who the members are; nothing of how they sign in."""
    query = sql.SQL(
        "SELECT row_to_json(r)::text FROM (SELECT u.id, u.email, u.name, u.locale, u.timezone, m.role, m.created_at "
        "FROM users_user u JOIN users_membership m ON m.user_id = u.id WHERE m.tenant_id = {}) r"
    ).format(sql.Literal(tenant.pk))
    _write_lines(archive, done, "public/people.jsonl", query)


def _write_lines(archive: zipfile.ZipFile, done: Exported, entry: str, query: sql.Composed) -> None:
    done.tables[entry] = 0
    with archive.open(entry, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, encoding="utf-8") as lines:
        for line in _stream(query):
            lines.write(line + "\n")
            done.tables[entry] += 1


def _stream(query: sql.Composed) -> Iterator[str]:
    """Rows as they come, a page at a time: a mailbox of millions does not fit into memory."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DECLARE export_rows NO SCROLL CURSOR FOR ") + query)
        while True:
            cursor.execute(f"FETCH {PAGE} FROM export_rows")
            page = cursor.fetchall()
            if not page:
                break
            for (line,) in page:
                yield line
        cursor.execute("CLOSE export_rows")


def _write_files(archive: zipfile.ZipFile, done: Exported, tenant: Tenant) -> None:
    root: Path = settings.PMSYNC_STORAGE
    lines: list[str] = []
    for path in sorted((root / str(tenant.pk)).rglob("*")):
        if path.is_file() and (facts := _file(root, path)):
            lines.append(json.dumps(facts))
            done.bytes += facts["size"]
    done.files = len(lines)
    archive.writestr("files.jsonl", "".join(f"{line}\n" for line in lines))


def _file(root: Path, path: Path) -> dict[str, Any] | None:
    """One file's line; None for one that was swept since the folder was read: the company goes on working."""
    try:
        with path.open("rb") as handle:
            digest, size = hashlib.file_digest(handle, "sha256").hexdigest(), handle.tell()
    except FileNotFoundError:
        return None
    return {"path": str(path.relative_to(root)), "size": size, "sha256": digest}
