"""Querysets that are put together once, and run with other values each time.

Django puts a statement together anew for each request, and each row of it through the
model's `__init__`: several times what PostgreSQL and the driver take. Where a page is
asked for often:

    @cache
    def _people() -> Statement[User]:
        return Statement(User.objects.filter(organization_id=Later("organization")))

    _people().rows(organization=user.organization_id)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connections
from django.db.models import (
    BooleanField,
    Expression,
    Field,
    Func,
    Model,
    QuerySet,
    Value,
)
from django.db.models.base import ModelState
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
)
from django.db.models.sql.compiler import SQLCompiler

from selfservice.core.prepared import Prepared


class Later(Expression):
    """A value of a statement that is given each time it runs, by its name.

    It stands where an expression may, and in the parameters of written SQL. Whoever
    reckons with it says what it is: `Later("now", DateTimeField()) + SOON`.
    """

    def __init__(self, name: str, kind: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=kind)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class IsAny(Func):
    """`IsAny(F("pk"), Later("keys"))`: one of the values of an array, however many."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


class Statement[Row]:
    """A queryset as SQL, with `Later` in the places of values.

    Whatever else it says, slices and the number of values of an `in` included, is
    fixed. It gives models, tuples, or with `flat=True` single values; rows that are
    related to the same one share it. `prepared`: PostgreSQL plans it once for a
    connection (selfservice.core.prepared says for what that is right). Raises
    EmptyResultSet for a queryset that can't find anything.
    """

    def __init__(self, queryset: QuerySet[Any, Row], *, prepared: bool = False) -> None:
        self._using = queryset.db
        compiler = queryset.query.get_compiler(using=queryset.db)
        self._sql, self._asked = compiler.as_sql()
        self._prepared = Prepared(self._sql) if prepared else None
        self._width = compiler.col_count
        columns = [each[0] for each in compiler.select[: self._width]]
        self._converters = compiler.get_converters(columns).items()
        self._read = _reader(queryset._iterable_class, compiler, queryset.db)

    def rows(self, **values: Any) -> list[Row]:
        """What it finds. Raises KeyError for a value that isn't given."""
        asked = [
            values[each.name] if isinstance(each, Later) else each
            for each in self._asked
        ]
        connection = connections[self._using]
        found: Iterable[Any]
        if self._prepared:
            found = self._prepared.rows(self._using, asked)
        else:
            with connection.cursor() as cursor:
                cursor.execute(self._sql, asked)
                found = cursor.fetchall()
        if self._converters:
            found = (self._converted(row, connection) for row in found)
        return self._read(found)

    def first(self, **values: Any) -> Row | None:
        """The first row, of a queryset that is cut after one."""
        return next(iter(self.rows(**values)), None)

    def _converted(self, row: tuple[Any, ...], connection: Any) -> list[Any]:
        values = list(row)
        for place, (converters, expression) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        return values


def counting(queryset: QuerySet[Any, Any]) -> Statement[int]:
    """How many rows it finds; of one that is cut, at most as many as it is cut to."""
    statement: Statement[int] = Statement(queryset.values_list(Value(1), flat=True))
    statement._sql = f"SELECT count(*) FROM ({statement._sql}) found"  # noqa: S608  ours
    return statement


type _Read = Callable[[Iterable[Any]], list[Any]]


def _reader(kind: type, compiler: SQLCompiler, using: str) -> _Read:
    if kind is FlatValuesListIterable:
        return lambda rows: [row[0] for row in rows]
    if kind is ValuesListIterable:
        width = compiler.col_count
        return lambda rows: [tuple(row[:width]) for row in rows]
    if kind is ModelIterable:
        return _Models(compiler, using).read
    raise TypeError(f"A statement can't give what {kind.__name__} does.")


class _Models:
    """Rows as models, related ones and annotations included."""

    def __init__(self, compiler: SQLCompiler, using: str) -> None:
        if compiler.klass_info is None:
            raise TypeError("Models come from a queryset of theirs.")
        self._first = _Part(compiler.klass_info, compiler.select, using)
        self._named = list((compiler.annotation_col_map or {}).items())

    def read(self, rows: Iterable[Any]) -> list[Any]:
        first, named, found = self._first, self._named, []
        shared: dict[tuple[int, Any], Any] = {}
        for row in rows:
            made = first.make(row, shared)
            for name, place in named:
                made.__dict__[name] = row[place]
            found.append(made)
        return found


class _Part:
    """The columns of one model in a row, and the models that are related to it."""

    def __init__(self, info: Mapping[str, Any], select: Any, using: str) -> None:
        self._model: type[Model] = info["model"]
        if self._model.__init__ is not Model.__init__ or info.get("from_parent"):
            raise TypeError(f"{self._model.__name__} isn't made of columns alone.")
        places = info["select_fields"]
        self._part, self._using = slice(places[0], places[-1] + 1), using
        self._names = [select[place][0].target.attname for place in places]
        self._key = places[self._names.index(self._model._meta.pk.attname)]
        self._related = [
            (each["local_setter"], each["remote_setter"], _Part(each, select, using))
            for each in info.get("related_klass_infos", ())
        ]

    def make(self, row: Any, shared: dict[tuple[int, Any], Any]) -> Any:
        """As `Model.from_db` would, which takes a third longer, and sends signals."""
        made = self._model.__new__(self._model)
        made.__dict__.update(zip(self._names, row[self._part], strict=True))
        made._state = state = ModelState()
        state.adding, state.db = False, self._using
        for set_here, set_there, part in self._related:
            other = part._shared(row, shared)
            set_here(made, other)
            if other is not None:
                set_there(other, made)
        return made

    def _shared(self, row: Any, shared: dict[tuple[int, Any], Any]) -> Any:
        key = row[self._key]
        if key is None:
            return None
        known = shared.get((id(self), key))
        if known is None:
            known = shared[id(self), key] = self.make(row, shared)
        return known
