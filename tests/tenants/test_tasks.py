"""No task works without saying for whom, and no name in Redis is shared between companies by accident (F78, F81)."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from celery import current_app, shared_task
from django.db import connection

from apps.realtime.models import JournalEntry
from apps.tenants import context, provisioning, search_path
from apps.tenants.models import PUBLIC, Tenant
from apps.tenants.tasks import PublicTask, TenantTask
from tests.tenants.fixtures import Cast, Make

APPS = Path(__file__).resolve().parents[2] / "apps"


@shared_task(base=TenantTask, name="test.count", ignore_result=True)
def count(tenant_id: str) -> tuple[str, int]:
    """Counts the open tenant's journal."""
    return context.current().slug, JournalEntry.objects.count()


def ours() -> list[Any]:
    """Every registered task that is not Celery's own."""
    current_app.loader.import_default_modules()
    return [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]


def test_every_task_is_of_a_tenant_or_declared_public(committed: None) -> None:
    undeclared = [task.name for task in ours() if not isinstance(task, TenantTask | PublicTask)]
    assert undeclared == []
    assert len(ours()) >= 6


def test_a_tenants_task_takes_the_tenant_first(committed: None) -> None:
    for task in ours():
        if isinstance(task, TenantTask):
            assert next(iter(inspect.signature(task.run).parameters)) == "tenant_id", task.name


@pytest.mark.parametrize("argument", [None, "", 0])
def test_a_tenants_task_without_a_tenant_is_refused(committed: None, argument: Any) -> None:
    for task in ours():
        if isinstance(task, TenantTask):
            with pytest.raises(context.TenantRequired, match="Missing tenantId"):
                task(argument)
            with pytest.raises(context.TenantRequired, match="Missing tenantId"):
                task()


def test_a_task_works_in_its_tenant_and_leaves_it(cast: Cast) -> None:
    assert count(str(cast.tenant.pk)) == (cast.tenant.slug, 0)
    assert count(tenant_id=str(cast.neighbour.pk)) == (cast.neighbour.slug, 0)
    assert search_path.schema_name() == PUBLIC


@pytest.mark.parametrize("state", ["suspended", "erased", "behind"])
def test_a_task_of_a_company_that_is_closed_is_left_out(make: Make, cast: Cast, state: str) -> None:
    tenant_id = str(cast.tenant.pk)
    match state:
        case "suspended":
            provisioning.suspend(cast.tenant)
        case "erased":
            Tenant.objects.filter(pk=cast.tenant.pk).delete()
        case "behind":
            Tenant.objects.filter(pk=cast.tenant.pk).update(schema_version=0)
    assert count(tenant_id) is None
    assert search_path.schema_name() == PUBLIC
    connection.close()


# Names of Redis keys in our source that belong to no company, each with what it counts.
OF_THE_INSTALLATION = {
    "pmsync:limit:": "tries, by a keyed hash of who tries",
    "pmsync:slots:*:*": "runs at a provider's host",
    "pmsync:metrics:": "how many runs, by provider type",
    "pmsync:heartbeats": "processes",
    "pmsync:watcher": "watcher processes",
    "pmsync:watch:changed": "ids of targets, which are unique",
    "pmsync:worker:": "worker processes",
    "pmsync:budget:*:app:": "units of a provider that all companies share",
    "pmsync:consent:": "consents on their way, by a digest of what only the person's browser and the provider know",
    "pmsync:push:certificates": "what Google signs its pushes with",
}


def redis_names() -> dict[str, str]:
    """Every text of our source that begins like a Redis key, placeholders as `*`, and where it stands."""
    found = {}
    for path in APPS.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if id(node) in inside:
                continue
            match node:
                case ast.JoinedStr(values=parts):
                    text = "".join(
                        str(part.value) if isinstance(part, ast.Constant) else f"*{_tenant_in(part)}" for part in parts
                    )
                case ast.Constant(value=str() as text):
                    pass
                case _:
                    continue
            if re.match(r"pmsync:[a-z]+:?[^ ]*$", text) and path.name != "signing.py":
                found[text] = f"{path.relative_to(APPS)}:{node.lineno}"
    return found


def _tenant_in(part: ast.expr) -> str:
    return "tenant" if "tenant" in ast.unparse(part) else ""


def test_every_name_in_redis_names_its_company_or_is_known_to_belong_to_none() -> None:
    names = redis_names()
    shared = {
        name: place
        for name, place in names.items()
        if "*tenant" not in name and not name.startswith(tuple(OF_THE_INSTALLATION))
    }
    assert shared == {}
    assert any("*tenant" in name for name in names)
