"""A lint over the source: nobody opens a schema but `apps.tenants`, and nobody calls the async ORM (F77).

Both were measured to read another tenant's rows: an async ORM call runs on another thread's
connection, on whatever schema that one stands.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.models import QuerySet
from django.db.models.manager import Manager

APPS = Path(__file__).resolve().parents[2] / "apps"
# Django's names for the async twins: taken from Django itself, so a new one is banned at once.
ASYNC_ORM = {
    name
    for kind in (QuerySet, Manager)
    for name in dir(kind)
    if name.startswith("a") and not name.startswith("a_") and hasattr(kind, name[1:])
} | {"asave", "adelete", "arefresh_from_db", "aauthenticate", "alogin"}
SCHEMA_SWITCHES = {
    "schema_context",
    "tenant_context",
    "set_schema",
    "set_tenant",
    "set_schema_to_public",
    "on_schema",
    "on_tenant",
}
SEARCH_PATH_SQL = ("set search_path", "set local search_path", "set_config('search_path'")


def findings(source: str, *, inside_tenants: bool) -> list[str]:
    """What the lint says about one file: `line: why`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.expr | ast.alias):
            continue
        name = _name(node)
        if name in ASYNC_ORM and isinstance(node, ast.Attribute):
            found.append(f"{node.lineno}: async ORM call {name}()")
        if not inside_tenants and name in SCHEMA_SWITCHES:
            found.append(f"{node.lineno}: {name} outside apps.tenants")
        if not inside_tenants and isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = " ".join(node.value.lower().split())
            found += [f"{node.lineno}: {sql}" for sql in SEARCH_PATH_SQL if text.startswith(sql)]
    return found


def _name(node: ast.AST) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name
        case _:
            return ""


def sources() -> Iterator[Path]:
    return (path for path in APPS.rglob("*.py") if "migrations" not in path.parts)


def test_the_names_of_the_async_orm_are_known() -> None:
    assert {"aget", "acount", "acreate", "afirst", "aexists", "abulk_create", "aiterator"} <= ASYNC_ORM
    assert "annotate" not in ASYNC_ORM


@pytest.mark.parametrize(
    "line",
    [
        "Message.objects.acount()",
        "await account.asave()",
        "connection.set_schema('t_1')",
        "from django_tenants.utils import schema_context",
        "cursor.execute('SET search_path TO t_1')",
        "with search_path.on_schema('t_1'): pass",
    ],
)
def test_the_lint_sees_what_it_is_for(line: str) -> None:
    assert findings(line, inside_tenants=False)


def test_no_application_calls_the_async_orm_or_switches_schemas_itself() -> None:
    said = {
        str(path.relative_to(APPS)): problems
        for path in sources()
        if (problems := findings(path.read_text(), inside_tenants=path.is_relative_to(APPS / "tenants")))
    }
    assert said == {}
    assert sum(1 for _ in sources()) > 40
