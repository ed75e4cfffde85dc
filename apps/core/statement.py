"""Query sets whose SQL is built once: Django takes longer to write it than PostgreSQL to answer."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import BooleanField, Expression, F, Func, Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)


class Given(Expression):
    """A value that is named when the statement is run."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


def among(column: str, name: str) -> Func:
    """The condition that a column's value is among a list that is named when the statement is run."""
    return Func(F(column), Given(name), template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


class Statement(Generic[M]):
    """A query set whose values are `Given` when it is run: of complete rows, with those that `select_related`
    names, or of the columns that `values_list` names. Compiled when it is first run.

    Tables are named without their schema, so one compilation serves all tenants.
    """

    def __init__(self, build: Callable[[], "QuerySet[M, Any]"]) -> None:
        self._build = build

    def all(self, **given: Any) -> list[M]:
        """The rows for these values. Raises KeyError for one that is missing."""
        return list(self._rows(given))

    def first(self, **given: Any) -> M | None:
        """The first row, or None; PostgreSQL is asked for all."""
        return next(self._rows(given), None)

    def tuples(self, *, limit: int | None = None, offset: int = 0, **given: Any) -> list[Any]:
        """The columns of `values_list` for these values, at most `limit` from `offset` on; sequences."""
        compiler, sql, parameters, converters = self._compiled
        values = [given[one.name] if isinstance(one, Given) else one for one in parameters]
        if limit is not None:
            sql, values = f"{sql} LIMIT %s OFFSET %s", [*values, limit, offset]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found: list[Any] = cursor.fetchall()
        return list(compiler.apply_converters(found, converters)) if converters else found

    def _rows(self, given: dict[str, Any]) -> Iterator[M]:
        return map(self._row, self.tuples(**given))

    @cached_property
    def _compiled(self) -> tuple[Any, str, tuple[Any, ...], Any]:
        compiler: Any = self._build().query.get_compiler(using=connection.alias)
        sql, parameters = compiler.as_sql()
        return compiler, sql, parameters, compiler.get_converters([column[0] for column in compiler.select])

    @cached_property
    def _shape(self) -> tuple[type[M], slice, list[str], Any, dict[str, int]]:
        compiler = self._compiled[0]
        of_model = compiler.klass_info["select_fields"]
        columns = slice(of_model[0], of_model[-1] + 1)
        names = [column[0].target.attname for column in compiler.select[columns]]
        populators: Any = get_related_populators  # django-stubs have the signature of a later Django
        related = populators(compiler.klass_info, compiler.select, connection.alias)
        return compiler.klass_info["model"], columns, names, related, compiler.annotation_col_map

    def _row(self, values: Any) -> M:
        model, columns, names, related, annotations = self._shape
        row = model.from_db(connection.alias, names, values[columns])
        for populator in related:
            populator.populate(values, row)
        for name, column in annotations.items():
            setattr(row, name, values[column])
        return row
