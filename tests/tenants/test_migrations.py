"""Migrating a fleet: killed, blocked or broken half-way, it goes on, and what is migrated is served (F108)."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.tenants import migrations_run, schema, template
from tests import databases
from tests.tenants.fixtures import Make
from tests.tenants.victim import REPOSITORY, victims

NOW, NEXT = "pmsync.settings", "tests.tenants.late_settings"
COMPANIES = 4
pytestmark = pytest.mark.slow
WATCH = (
    "apps/tenants/migrations_run.py",
    "apps/tenants/schema.py",
    "apps/tenants/template.py",
    "late/migrations/0002_fill.py",
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """An installation with a database of its own."""

    database: str
    address: str

    def manage(self, *arguments: str, release: str = NOW) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` of a release against it."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=os.environ | {"DATABASE_URL": self.address, "DJANGO_SETTINGS_MODULE": release},
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query, committed."""
        with psycopg.connect(self.address, autocommit=True) as direct:
            cursor = direct.execute(query)
            return cursor.fetchall() if cursor.description else []

    def versions(self) -> dict[str, int]:
        """At which version each company stands."""
        return dict(self.sql("SELECT slug, schema_version FROM tenants_tenant ORDER BY slug"))

    def schema_of(self, slug: str) -> str:
        """A company's schema."""
        return str(self.sql(f"SELECT schema_name FROM tenants_tenant WHERE slug = '{slug}'")[0][0])


def address_of(database: str) -> str:
    base, _, _ = str(os.environ["DATABASE_URL"]).rpartition("/")
    return f"{base}/{database}"


@pytest.fixture(scope="module")
def built(django_db_setup: None) -> Iterator[str]:
    """A database with four companies of this release, to be copied."""
    name = f"{connection.settings_dict['NAME']}_fleet"
    databases.make(name)
    with victims(name) as process:
        process.die_at(10**9, "tests.tenants.deeds:found_many", COMPANIES, watch=())
    yield name
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        direct.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fleet(built: str) -> Iterator[Fleet]:
    """The four companies, in a copy for this test."""
    name = f"{built}_copy"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        direct.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        direct.execute(f"CREATE DATABASE {name} TEMPLATE {built}")
    yield Fleet(name, address_of(name))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        direct.execute(f"DROP DATABASE {name} WITH (FORCE)")


def assert_done(fleet: Fleet) -> None:
    shown = fleet.manage("migrate", "--plan", "--json", release=NEXT)
    assert json.loads(shown.stdout) == {"public": [], "template": False, "tenants": []}
    with victims(fleet.database, NEXT) as process:
        process.die_at(10**9, "tests.tenants.deeds:all_equal_the_template", watch=())
        process.die_at(10**9, "tests.tenants.deeds:served", *fleet.versions(), watch=())


def test_a_new_release_migrates_the_fleet_and_a_second_run_finds_nothing(fleet: Fleet) -> None:
    assert fleet.manage("migrate", "--check").returncode == 0
    assert fleet.manage("migrate", "--check", release=NEXT).returncode == 1
    before = fleet.versions()
    first = fleet.manage("migrate", "--json", release=NEXT)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {"migrated": COMPANIES, "failed": {}}
    assert fleet.versions() == {slug: version + 3 for slug, version in before.items()}
    second = fleet.manage("migrate", "--json", release=NEXT)
    assert json.loads(second.stdout) == {"migrated": 0, "failed": {}}
    assert_done(fleet)


def test_killed_while_it_prepares_it_prepares_again_and_nobody_is_served_by_the_new_release(fleet: Fleet) -> None:
    with victims(fleet.database, NEXT) as process:
        # From a random line, so that all have their turn over the runs; each death costs a second.
        line, deaths = 3 + secrets.randbelow(300), 0
        while process.die_at(line, "tests.tenants.deeds:prepare", watch=WATCH):
            deaths += 1
            line += 300
            process.die_at(10**9, "tests.tenants.deeds:served", watch=())
        assert deaths > 1
    assert fleet.manage("migrate", "-v0", release=NEXT).returncode == 0
    assert_done(fleet)


def test_killed_again_and_again_it_goes_on_where_it_was_and_serves_what_is_done(fleet: Fleet) -> None:
    old_version = min(fleet.versions().values())
    deaths = 0
    stages = set()
    with victims(fleet.database, NEXT) as process, victims(fleet.database, NOW) as old_release:
        process.die_at(10**9, "tests.tenants.deeds:prepare", watch=())
        line = 4
        while process.die_at(line, "tests.tenants.deeds:migrate_fleet", watch=WATCH):
            deaths += 1
            line += 8
            versions = fleet.versions()
            new = [slug for slug, version in versions.items() if version > old_version]
            if len(new) not in stages:
                process.die_at(10**9, "tests.tenants.deeds:served", *new, watch=())
                old_release.die_at(10**9, "tests.tenants.deeds:served", *versions, watch=())
            stages.add(len(new))
    assert deaths > 4
    assert len(stages) > 2
    assert_done(fleet)


def test_one_company_that_is_locked_does_not_stop_the_others(fleet: Fleet) -> None:
    with psycopg.connect(fleet.address) as holder:
        holder.execute(f"LOCK TABLE {fleet.schema_of('fleet-2')}.realtime_journalentry")
        done = fleet.manage("migrate", "--json", "--at-once", "2", release=NEXT)
    assert done.returncode == 1
    outcome = json.loads(done.stdout)
    assert outcome["migrated"] == COMPANIES - 1
    assert list(outcome["failed"]) == ["fleet-2"]
    assert "lock timeout" in outcome["failed"]["fleet-2"]
    assert "fleet-2 was not migrated and is not served" in done.stderr
    assert fleet.manage("migrate", release=NEXT).returncode == 0
    assert_done(fleet)


def test_one_company_that_fails_does_not_stop_the_others(fleet: Fleet) -> None:
    fleet.sql(f"CREATE TABLE {fleet.schema_of('fleet-3')}.late_note (odd integer)")
    done = fleet.manage("migrate", "--json", release=NEXT)
    assert done.returncode == 1
    outcome = json.loads(done.stdout)
    assert outcome["migrated"] == COMPANIES - 1
    assert "late_note" in outcome["failed"]["fleet-3"]
    with victims(fleet.database, NEXT) as process:
        others = [slug for slug in fleet.versions() if slug != "fleet-3"]
        process.die_at(10**9, "tests.tenants.deeds:served", *others, watch=())
    fleet.sql(f"DROP TABLE {fleet.schema_of('fleet-3')}.late_note")
    assert fleet.manage("migrate", release=NEXT).returncode == 0
    assert_done(fleet)


def test_two_runs_at_once_are_harmless(fleet: Fleet) -> None:
    command = [sys.executable, "manage.py", "migrate", "--json"]
    environment = os.environ | {"DATABASE_URL": fleet.address, "DJANGO_SETTINGS_MODULE": NEXT}
    both = [
        subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert_done(fleet)


def test_a_company_half_created_by_the_old_release_is_completed_by_the_new_one(fleet: Fleet) -> None:
    fleet.sql("UPDATE tenants_tenant SET status = 'creating', schema_version = 0 WHERE slug = 'fleet-1'")
    assert fleet.manage("migrate", release=NEXT).returncode == 0
    assert fleet.versions()["fleet-1"] == 0
    done = fleet.manage("tenant", "create", "fleet-1", "--owner", "owner@example.test", "--json", release=NEXT)
    assert done.returncode == 0, done.stderr
    assert_done(fleet)


def test_a_template_that_is_behind_refuses_to_provision(fleet: Fleet) -> None:
    done = fleet.manage("tenant", "create", "late-comer", "--owner", "owner@example.test", release=NEXT)
    assert done.returncode == 1
    assert "run `manage.py migrate` first" in done.stderr
    assert "late-comer" not in fleet.versions()


def test_names_of_applications_are_refused_with_the_reason(fleet: Fleet) -> None:
    done = fleet.manage("migrate", "mail", "0001")
    assert done.returncode == 2
    assert "Applications are migrated together" in done.stderr


def test_the_plan_is_shown_and_nothing_is_done(fleet: Fleet) -> None:
    before = fleet.versions()
    shown = fleet.manage("migrate", "--plan", release=NEXT)
    assert shown.returncode == 0
    assert f"Tenants behind: {COMPANIES}. fleet-0" in shown.stdout
    assert "Template: to be migrated." in shown.stdout
    assert fleet.versions() == before


def test_an_empty_database_can_be_asked_for_its_plan(django_db_setup: None) -> None:
    name = f"{connection.settings_dict['NAME']}_empty"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        direct.execute(f"DROP DATABASE IF EXISTS {name}")
        direct.execute(f"CREATE DATABASE {name}")
        try:
            shown = Fleet(name, address_of(name)).manage("migrate", "--plan", "--json")
        finally:
            direct.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert shown.returncode == 0, shown.stderr
    plan = json.loads(shown.stdout)
    assert "tenants.0002_initial" in plan["public"]
    assert (plan["template"], plan["tenants"]) == (True, [])


def test_makemigrations_finds_nothing_to_make(fleet: Fleet) -> None:
    done = fleet.manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout


def test_asking_a_fleet_that_is_up_to_date_is_one_query(make: Make, django_assert_num_queries: Any) -> None:
    make.company()
    schema.version()
    with django_assert_num_queries(1):
        assert migrations_run.run(at_once=1) == migrations_run.Outcome()
    assert not template.is_behind()
