"""What a company costs to make, to leave alone and to migrate. `python -m tests.bench.bench_tenants`

Prints one JSON line for each: provisioning (beside running the migrations, in the same run), a
migrate with nothing to do (beside asking every schema's own record, as django-tenants does),
comparing every schema with the template, and finishing a migration that was killed half-way.
"""

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench import installation
from tests.bench.results import show

REPOSITORY: Final = Path(__file__).resolve().parents[2]
NEXT_RELEASE: Final = "tests.tenants.late_settings"


def main() -> None:
    """Measure in an installation of its own, which is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--migrated", type=int, default=10, help="schemas made by migrations, as the baseline")
    options = parser.parse_args()
    with installation.durable():
        provisioning(options.tenants, options.migrated)
        no_op(options.tenants)
        digests(options.tenants)
        resume(options.tenants)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, by the wall clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def manage(*arguments: str, release: str = "pmsync.settings") -> None:
    """Run `manage.py`; raises CalledProcessError."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": release}
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def provisioning(count: int, migrated: int) -> None:
    """Make companies, and schemas by migrations among them, so that both meet the same catalogue."""
    from django.db import connection

    from apps.tenants import provisioning, schema

    made, by_migrations = [], []
    every = max(1, count // migrated)
    for number in range(count):
        made.append(seconds(lambda number=number: provisioning.create(f"bench-{number}", "Bench", "standard")))  # type: ignore[misc]
        if number % every == 0:
            name = f"bench_by_hand_{number}"
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA {name}")
                by_migrations.append(seconds(lambda name=name: schema.migrate(name)))  # type: ignore[misc]
                cursor.execute(f"DROP SCHEMA {name} CASCADE")
    median, baseline = statistics.median(made), statistics.median(by_migrations)
    note = f"slowest {max(made):.3f} s; baseline: the migrations run in an empty schema, n={len(by_migrations)}"
    show("tenants-create", median, "s", baseline, count, note)


def no_op(count: int) -> None:
    """A migrate that finds nothing to do, over the whole fleet."""
    from django.db.migrations.recorder import MigrationRecorder

    from apps.tenants import migrations_run, search_path
    from apps.tenants.models import Tenant

    def ask_every_schema() -> None:
        from django.db import connection

        for name in Tenant.objects.values_list("schema_name", flat=True):
            with search_path.on_schema(name):
                MigrationRecorder(connection).applied_migrations()

    ours = statistics.median(seconds(lambda: migrations_run.run(at_once=1)) for _ in range(20))
    baseline = statistics.median(seconds(ask_every_schema) for _ in range(3))
    show("tenants-noop", ours, "s", baseline, count, "baseline: read every schema's own migration record")
    whole = statistics.median(seconds(lambda: manage("migrate", "-v0")) for _ in range(3))
    start = statistics.median(seconds(lambda: manage("version")) for _ in range(3))
    show(
        "tenants-noop-command",
        whole,
        "s",
        start,
        count,
        "baseline: `manage.py version`, the start of the process alone",
    )


def digests(count: int) -> None:
    """Compare every schema with the template by the catalogue."""
    from apps.tenants import schema
    from apps.tenants.models import TEMPLATE, Tenant

    names = list(Tenant.objects.values_list("schema_name", flat=True))
    wanted = schema.digest(TEMPLATE)
    differing = 0
    times = []
    for name in names:
        begin = time.perf_counter()
        differing += schema.digest(name) != wanted
        times.append(time.perf_counter() - begin)
    if differing:
        raise SystemExit(f"{differing} of {count} schemas differ from the template")
    show("tenants-digest", statistics.median(times), "s", None, count, "every schema equals the template; no baseline")


def resume(count: int) -> None:
    """Kill a migration half-way, then let the next run finish; beside one that is not killed."""
    from apps.tenants.models import Tenant

    environment = os.environ | {"DJANGO_SETTINGS_MODULE": NEXT_RELEASE}
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    old = int(Tenant.objects.values_list("schema_version", flat=True).first() or 0)

    def done() -> int:
        return Tenant.objects.filter(schema_version__gt=old).count()

    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment) as process:
        while done() < count // 2 and process.poll() is None:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
    first, half = time.perf_counter() - begin, done()
    second = seconds(lambda: manage("migrate", "-v0", release=NEXT_RELEASE))
    if done() != count:
        raise SystemExit(f"{count - done()} of {count} tenants were not migrated")
    each = (first + second) / count
    note = f"killed after {half} of {count}, finished by the next run; value: seconds of both runs for each tenant"
    show("tenants-resume", each, "s", first / max(1, half), count, note + "; baseline: of the first run alone")


if __name__ == "__main__":
    main()
