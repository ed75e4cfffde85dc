"""Companies come and go: names, the template, and being killed at any line of either (F82, F114, F115)."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from apps.core import blobs, crypto
from apps.core.redis import client
from apps.sync.models import SyncTarget
from apps.tenants import context, erasure, exporting, keys, provisioning, schema, template
from apps.tenants.models import PUBLIC, TEMPLATE, DataKey, SchemaDump, Status, Tenant
from apps.tenants.provisioning import SlugRefused
from apps.users import companies, people
from apps.users.models import Membership, OneTimeCode, Role, Session, User
from tests.tenants.fixtures import Make
from tests.tenants.victim import Victims, victims

OUR_FILES = (
    "apps/tenants/provisioning.py", "apps/tenants/erasure.py", "apps/tenants/keys.py", "apps/tenants/template.py",
    "apps/users/companies.py", "apps/users/people.py", "apps/users/sessions.py",
)  # fmt: skip


def death_lines(apart: int) -> range:
    """Lines so far apart, from a random start: all lines have their turn over the runs, each run is short."""
    return range(1 + secrets.randbelow(apart), 400, apart)


@pytest.fixture
def victim(committed: None) -> Iterator[Victims]:
    with victims(str(connection.settings_dict["NAME"])) as process:
        yield process


def new_slug() -> str:
    return f"p-{secrets.token_hex(5)}"


# Names


@pytest.mark.parametrize(
    "slug",
    [
        "public", "pg-temp", "pg_temp", 'a"; drop', "a;b", "a b", "", "-a", "a-", "A", "è", "аcme", "a" * 64, "a.b",
        "xn--pple-43d", "admin", "a\n", "a\x00", "../x", "t_1", "www", "'",
    ],
)  # fmt: skip
def test_a_name_that_is_a_trap_is_refused(committed: None, slug: str) -> None:
    with pytest.raises(SlugRefused):
        provisioning.create(slug, "x", "standard")
    assert slug not in Tenant.objects.values_list("slug", flat=True)


@pytest.mark.parametrize("slug", ["a", "0", "a-b", "x" * 50 + "-13"])
def test_an_ordinary_name_is_taken_once(make: Make, slug: str) -> None:
    slug = f"{slug}{secrets.token_hex(4)}"
    tenant = make.company(slug=slug)
    assert tenant.status == Status.ACTIVE
    with pytest.raises(SlugRefused, match="taken"):
        provisioning.create(slug, "again", "free")


def test_a_schema_is_named_after_nothing_a_person_typed(make: Make) -> None:
    tenant = make.company()
    assert tenant.schema_name == f"t_{tenant.pk.hex}"
    assert tenant.slug not in tenant.schema_name


def test_a_name_used_again_after_erasure_gives_another_schema_and_other_keys(make: Make) -> None:
    first = make.company()
    sealed = crypto.seal(keys.newest(first), b"secret", "test")
    companies.erase(first)
    make.tenants.remove(first)
    second = make.company(slug=first.slug)
    assert second.schema_name != first.schema_name
    with pytest.raises(crypto.SealBroken):
        crypto.unseal(keys.all_of(second), sealed, "test")
    with pytest.raises(context.TenantUnknown):
        context.get(first.pk)


# The template


def test_a_new_schema_equals_the_template_and_one_that_was_migrated(make: Make) -> None:
    tenant = make.company()
    by_hand = f"t_{secrets.token_hex(8)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {by_hand}")
        schema.migrate(by_hand)
        assert schema.description(tenant.schema_name) == schema.description(by_hand)
        cursor.execute(f"DROP SCHEMA {by_hand} CASCADE")
    assert schema.digest(tenant.schema_name) == schema.digest(TEMPLATE)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE {0}.realtime_journalentry ALTER COLUMN event TYPE varchar(41)",
        "ALTER TABLE {0}.realtime_journalentry ALTER COLUMN event DROP NOT NULL",
        "ALTER TABLE {0}.realtime_journalentry ALTER COLUMN at SET DEFAULT now()",
        "ALTER TABLE {0}.realtime_journalentry ADD COLUMN more integer",
        "DROP INDEX {0}.journal_at",
        "ALTER TABLE {0}.realtime_journalhead DROP CONSTRAINT journal_head_one_row",
        "CREATE FUNCTION {0}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE {0}.mood AS ENUM ('a')",
    ],
)
def test_the_digest_sees_any_difference(make: Make, change: str) -> None:
    tenant = make.company()
    with connection.cursor() as cursor:
        cursor.execute(change.format(tenant.schema_name))
    assert schema.digest(tenant.schema_name) != schema.digest(TEMPLATE)


def test_the_digest_sees_a_lost_vector_dimension(make: Make) -> None:
    tenants = [make.company(), make.company()]
    with connection.cursor() as cursor:
        for tenant, kind in zip(tenants, ("vector(384)", "vector"), strict=True):
            cursor.execute(f"ALTER TABLE {tenant.schema_name}.realtime_journalentry ADD COLUMN v {kind}")
    assert schema.digest(tenants[0].schema_name) != schema.digest(tenants[1].schema_name)


def test_without_a_template_of_this_version_nothing_is_provisioned(make: Make) -> None:
    slug = new_slug()
    SchemaDump.objects.update(version=schema.version() - 1)
    try:
        with pytest.raises(template.TemplateOutdated, match=r"manage\.py migrate"):
            companies.found(slug, slug, "standard", f"{slug}@example.test")
        assert not Tenant.objects.filter(slug=slug).exists()
        assert not User.objects.filter(email=f"{slug}@example.test").exists()
    finally:
        SchemaDump.objects.update(version=schema.version())


def test_a_missing_pg_dump_is_named_with_the_remedy(committed: None, settings: Any) -> None:
    settings.PMSYNC_PG_DUMP = "/nowhere/pg_dump"
    with pytest.raises(SystemExit, match=r"/nowhere/pg_dump cannot be run .* PMSYNC_PG_DUMP"):
        template._dump()


def test_no_foreign_key_leaves_a_tenants_schema(make: Make) -> None:
    tenant = make.company()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conname FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid "
            "WHERE c.contype = 'f' AND c.connamespace = %s::regnamespace AND f.relnamespace <> c.connamespace",
            [tenant.schema_name],
        )
        assert cursor.fetchall() == []


def test_every_table_of_a_tenant_is_absent_from_public(make: Make) -> None:
    shared = set(erasure.tables(make.company().schema_name)) & set(erasure.tables(PUBLIC))
    assert shared == {"django_migrations"}


# Creating


def assert_whole(slug: str) -> Tenant:
    tenant = Tenant.objects.get(slug=slug)
    assert tenant.status == Status.ACTIVE
    assert tenant.data_keys.count() == 1
    assert schema.digest(tenant.schema_name) == schema.digest(TEMPLATE)
    assert list(tenant.memberships.values_list("role", flat=True)) == ["owner"]
    with context.open(tenant), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM realtime_journalentry")
    crypto.unseal(keys.all_of(tenant), crypto.seal(keys.newest(tenant), b"x", "y"), "y")
    return tenant


def orphans() -> list[str]:
    """Tenant schemas without a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'")
        schemas = {str(name) for (name,) in cursor.fetchall()}
    return sorted(schemas - set(Tenant.objects.values_list("schema_name", flat=True)))


@pytest.mark.slow
def test_a_creation_killed_at_any_line_is_completed_by_the_next(make: Make, victim: Victims) -> None:
    deaths = 0
    for line in death_lines(6):
        slug = new_slug()
        killed = victim.die_at(line, "tests.tenants.deeds:found", slug, f"{slug}@example.test", watch=OUR_FILES)
        assert orphans() == []
        half = Tenant.objects.filter(slug=slug).first()
        if half and half.status != Status.ACTIVE:
            with pytest.raises(context.TenantClosed), context.open(half):
                pytest.fail("opened half-way")
        if not half or half.status == Status.CREATING:
            companies.found(slug, slug, "standard", f"{slug}@example.test")
        tenant = assert_whole(slug)
        # An owner without a password always has a link: nobody else can get into the company.
        assert OneTimeCode.objects.filter(user__memberships__tenant=tenant, used_at=None).exists()
        make.tenants.append(tenant)
        make.users += User.objects.filter(memberships__tenant=tenant)
        deaths += killed
        if not killed:
            break
    assert deaths > 10, line


def test_two_who_create_the_same_company_at_once_make_one(make: Make) -> None:
    slug = new_slug()

    def create(_: int) -> str:
        try:
            provisioning.create(slug, slug, "standard")
        except SlugRefused:
            return "refused"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(4) as crowd:
        answers = list(crowd.map(create, range(4)))
    assert "made" in answers
    tenant = Tenant.objects.get(slug=slug)
    make.tenants.append(tenant)
    assert tenant.data_keys.count() == 1
    assert schema.digest(tenant.schema_name) == schema.digest(TEMPLATE)


# Erasing


def fill(tenant: Tenant) -> None:
    """Something of every kind that a tenant may leave somewhere."""
    with context.open(tenant), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO realtime_journalentry (seq, event, at, data) VALUES (1, 'account:status', now(), '{}')"
        )
    blobs.write_pack(f"{tenant.pk}/mail", keys.newest(tenant), [("a", b"message")])
    SyncTarget.objects.create(
        tenant=tenant, account_id=tenant.pk, kind="mail", provider_type="imap", due_at=tenant.created_at
    )
    client().set(f"pmsync:slots:{tenant.pk}:imap", 1)
    client().set(f"pmsync:cache:{tenant.pk.hex}", 1)


def company(make: Make) -> Tenant:
    tenant = make.company()
    member = make.member_of(tenant, Role.OWNER)
    make.token(member)
    fill(tenant)
    return tenant


def test_erasing_leaves_nothing_and_certifies_what_went(make: Make) -> None:
    tenant = company(make)
    elsewhere = make.member_of(make.company())
    people.join(tenant, elsewhere.user)
    done = companies.erase(tenant)
    assert done.complete
    assert not any(done.left.values())
    assert done.schema_rows["realtime_journalentry"] == 1
    assert done.data_keys == 1
    assert (done.files, done.redis_keys) == (1, 2)
    assert done.public_rows["users_user"] == 1
    assert json.loads(json.dumps(done.as_json()))["tenant"]["slug"] == tenant.slug
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert User.objects.filter(pk=elsewhere.user.pk).exists()
    assert orphans() == []
    with pytest.raises(crypto.UnknownKey, match="shredded"):
        keys.all_of(tenant)


def test_the_erase_audit_finds_what_was_left(make: Make) -> None:
    tenant = company(make)
    left = erasure.remains(tenant)
    assert left["schemas"] == left["data_keys"] == left["files"] == 1
    assert left["redis_keys"] == 2
    assert left["public_rows"] >= 3


def test_every_public_table_with_a_tenant_is_known_to_the_erasure(committed: None) -> None:
    known = {model._meta.db_table for model in erasure.public_models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid "
            "WHERE n.contype = 'f' AND n.confrelid = 'public.tenants_tenant'::regclass"
        )
        assert {str(name) for (name,) in cursor.fetchall()} == known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attname = 'tenant_id' "
            "AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        )
        assert {str(name) for (name,) in cursor.fetchall()} == known


@pytest.mark.slow
def test_an_erasure_killed_at_any_line_is_completed_by_the_next(make: Make, victim: Victims) -> None:
    deaths = 0
    for line in death_lines(16):
        tenant = company(make)
        people_here = list(User.objects.filter(memberships__tenant=tenant).values_list("pk", flat=True))
        before = erasure.remains(tenant)
        killed = victim.die_at(line, "tests.tenants.deeds:erase", tenant.slug, watch=OUR_FILES)
        row = Tenant.objects.filter(pk=tenant.pk).first()
        if row is not None:
            touched = any(before[kind] != left for kind, left in erasure.remains(tenant).items())
            if touched or row.status != Status.ACTIVE:
                with pytest.raises(context.TenantClosed), context.open(row):
                    pytest.fail("opened half-way")
            assert companies.erase(row).complete
        assert not any(erasure.remains(tenant).values())
        assert people_here
        assert not User.objects.filter(pk__in=people_here).exists()
        assert orphans() == []
        assert not Membership.objects.filter(tenant_id=tenant.pk).exists()
        assert not Session.objects.filter(tenant_id=tenant.pk).exists()
        assert not DataKey.objects.filter(tenant_id=tenant.pk).exists()
        deaths += killed
        if not killed:
            break
    assert deaths > 12, line


def test_people_of_nothing_else_go_with_their_company_even_when_it_was_cut_off(make: Make) -> None:
    tenant = company(make)
    (owner,) = User.objects.filter(memberships__tenant=tenant)
    erasure.begin(tenant)
    companies.erase(Tenant.objects.get(pk=tenant.pk))
    assert not User.objects.filter(pk=owner.pk).exists()


# Suspending


def test_a_suspended_company_is_closed_and_can_be_opened_again(make: Make) -> None:
    tenant = make.company()
    provisioning.suspend(tenant)
    with pytest.raises(context.TenantSuspended), context.open(context.get(tenant.pk)):
        pytest.fail("open")
    with pytest.raises(provisioning.StatusRefused):
        provisioning.suspend(tenant)
    provisioning.resume(tenant)
    with context.open(context.get(tenant.pk)):
        pass


@pytest.mark.parametrize("name", [None, "", 0, "x", UUID(int=0), "public", TEMPLATE])
def test_work_without_a_tenant_is_refused(committed: None, name: Any) -> None:
    with pytest.raises((context.TenantRequired, context.TenantUnknown)):
        context.get(name)


# Exporting


def test_an_export_holds_every_row_and_says_what_it_leaves_out(make: Make, tmp_path: Path) -> None:
    import zipfile

    tenant = company(make)
    with context.open(tenant), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO realtime_journalentry (seq, event, at, data) "
            "SELECT g, 'account:status', now(), '{\"text\": \"a\\\\b\\n\"}' FROM generate_series(2, 5001) g"
        )
    done = exporting.export(tenant, tmp_path / "x.zip")
    assert list(tmp_path.iterdir()) == [tmp_path / "x.zip"]
    assert (tmp_path / "x.zip").stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        entries = set(archive.namelist())
        rows = [json.loads(line) for line in archive.read("tables/realtime_journalentry.jsonl").splitlines()]
        people_rows = [json.loads(line) for line in archive.read("public/people.jsonl").splitlines()]
        files = [json.loads(line) for line in archive.read("files.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert [row["seq"] for row in sorted(rows, key=lambda row: row["seq"])] == list(range(1, 5002))
    assert rows[1]["data"] == {"text": "a\\b\n"}
    assert len(people_rows) == 1
    assert files[0]["size"] > 0
    assert {f"tables/{table}.jsonl" for table in erasure.tables(tenant.schema_name)} <= entries
    assert (
        manifest["tables"]["tables/realtime_journalentry.jsonl"]
        == 5001
        == done.tables["tables/realtime_journalentry.jsonl"]
    )
    assert manifest["left_out"]["tables/providers_provideraccount.jsonl"] == ["credentials"]
    for secret in ("users_session", "datakey", "argon2"):
        assert secret not in "".join(entries)
        assert b"argon2" not in whole


def test_a_file_that_is_swept_during_an_export_is_left_out(make: Make, tmp_path: Path) -> None:
    missing = tmp_path / "swept.pack"
    assert exporting._file(tmp_path, missing) is None
    missing.write_bytes(b"x")
    assert exporting._file(tmp_path, missing) == {
        "path": "swept.pack", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest(),
    }  # fmt: skip


def test_an_export_does_not_hold_the_neighbours_rows(make: Make, tmp_path: Path) -> None:
    import zipfile

    tenant, neighbour = company(make), company(make)
    exporting.export(tenant, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tenant.pk).encode() in whole
    for theirs in (str(neighbour.pk), neighbour.schema_name, neighbour.slug):
        assert theirs.encode() not in whole
