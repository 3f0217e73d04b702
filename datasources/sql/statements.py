"""The three shapes in which every domain reads: pages, lists and rows by key. Each is one statement for many keys."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.types import BigInteger, TypeEngine

from datasources.paging import Page, PageRequest, check_position, pages_of
from datasources.sql.dialects import Dialect, Joined
from datasources.sql.engine import Database, Make, Prepared
from datasources.sql.filters import Condition, conditions_of, given, parameters_of
from datasources.sql.keys import bound_keys, keys_of
from datasources.sql.reading import Known
from datasources.sql.types import Instant

Row = TypeVar("Row")
SHAPES_HELD = 64
"""Statements of a list that are held compiled, the last ones asked for: clients choose filters and columns."""
NOW = bindparam("now", type_=Instant())
"""The request's clock, bound in every page; other statements bind it where they use it."""


def total(column: ColumnElement[int]) -> ColumnElement[int]:
    """The column's sum as a 64-bit integer, 0 over no rows."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


class Rows(Generic[Row]):
    """Rows of a struct over a table: a field takes the column of its name, unless `columns` says otherwise. `kept` names
    what is selected whoever reads it, beside the first column, which is never null, and whose the row is."""

    def __init__(
        self,
        row: type[Row],
        table: Table,
        *,
        columns: Mapping[str, ColumnElement[Any]] | None = None,
        joined: Joined = (),
        kept: Sequence[str] = (),
    ) -> None:
        named = columns or {}
        names = [field.name for field in msgspec.structs.fields(row)]  # type: ignore[arg-type]  # rows are structs
        self.table, self.joined = table, joined
        self.columns = [(named[name] if name in named else table.c[name]).label(name) for name in names]
        self._row, self.make = row, Make(row)
        self._kept = frozenset((names[0], "customer_id", *kept))
        self._prepared: dict[Hashable, Prepared[Row]] = {}

    def prepared(
        self, dialect: Dialect, shape: Hashable, build: Callable[[], Select[Any]], leading: int
    ) -> Prepared[Row]:
        """The statement of a shape, compiled the first time."""
        found = self._prepared.get((dialect.name, shape))
        if found is None:
            found = self._prepared[dialect.name, shape] = Prepared(
                dialect.for_reading(build()), self.make, dialect, leading
            )
        return found

    def part(self, columns: Iterable[str] | None) -> tuple[Sequence[ColumnElement[Any]], Make[Row]]:
        """What to select where only these columns are read (None: all), and what makes rows of it."""
        if columns is None:
            return self.columns, self.make
        read = self._kept.union(columns)
        chosen = [column for column in self.columns if column.key in read]
        return (self.columns, self.make) if len(chosen) == len(self.columns) else (chosen, Make(self._row, read))

    def joined_to(self, keys: FromClause, on: ColumnElement[bool], *, optional: bool = False) -> FromClause:
        """The keys with the table's rows that match, then what is looked up beside each."""
        found = keys.join(self.table, on, isouter=optional)
        for other, condition in self.joined:
            found = found.outerjoin(other, condition)
        return found


class Shape(msgspec.Struct, frozen=True):
    """What of a request changes the text of its statement; all else is bound. `alone`: it is asked of one owner."""

    alone: bool
    filtered_by: frozenset[str]
    after: bool
    before: bool
    backward: bool
    total: bool
    columns: frozenset[str] | None


class Paged(Generic[Row]):
    """A list that is read by pages, in a total order: by `order`, all in one direction, the last column unique.

    `unique` names the columns that only together tell a list's rows apart, where the last one does not. `owner` is the
    column that tells whose list a row is in (None: there is one list); `always` holds for every row. `apart` names a
    filter by values of one column that has an index of its own in this order: the first rows of each value are taken
    apart, so that rare values among many rows cost no more than frequent ones.
    """

    def __init__(
        self,
        rows: Rows[Row],
        *,
        order: Sequence[str],
        unique: Sequence[str] = (),
        descending: bool = True,
        owner: str | None = "customer_id",
        filters: Mapping[str, Condition] | None = None,
        always: ColumnElement[bool] | None = None,
        apart: tuple[str, ColumnElement[Any]] | None = None,
    ) -> None:
        self.rows, self.order, self.descending, self.apart = rows, tuple(order), descending, apart
        self.unique = tuple(unique) or self.order[-1:]
        self.owner: ColumnElement[Any] | None = None if owner is None else rows.table.c[owner]
        self.filters, self.always = filters or {}, always
        self._kinds = [rows.table.c[name].type.python_type for name in self.order]
        self.prepared: OrderedDict[tuple[str, Shape], Prepared[Row]] = OrderedDict()
        """Its statements by dialect and shape, the one asked for last behind the others."""

    async def of_each(
        self, database: Database, owners: Sequence[Any], page: PageRequest, within: Any = None, **own: Any
    ) -> list[Page[Row]]:
        """One page per owner, in the order given; `within` is a second filter, such as the caller's reach, and `own` are
        parameters of the list's own columns.

        Raises SourceUnavailable, SourceTimedOut, InvalidRequest.
        """
        dialect = database.dialect
        parameters: dict[str, Any] = {"now": page.now, "limit": page.size + 1, **own}
        if page.after is not None or page.before is not None:
            parameters |= self._placed(page)
        asked = given(self.filters, page.filter, within)
        is_alone = len(owners) == 1
        if self.owner is not None:
            parameters |= bound_keys(dialect, {"owner": owners}, is_alone=is_alone)
        if asked:
            parameters |= parameters_of(dialect, asked)
        statement = self._statement(dialect, page, frozenset(asked), is_alone=is_alone)
        if is_alone:
            found, counted = await database.fetch_alone(statement, parameters, owners)
            return pages_of([found], page, self.order, [(counted or 0) if page.want_total else None])
        return await pages_of_each(database, statement, parameters, owners, page, self.order)

    def _placed(self, page: PageRequest) -> dict[str, Any]:
        """The parameters for the cursors. Raises InvalidRequest."""
        parameters: dict[str, Any] = {}
        for name, position in (("after", page.after), ("before", page.before)):
            if position is not None:
                check_position(position, self._kinds, name)
                parameters |= {f"{name}_{index}": value for index, value in enumerate(position)}
        return parameters

    async def of_all(self, database: Database, page: PageRequest, within: Any = None) -> Page[Row]:
        """A page of the one list there is. Raises SourceUnavailable, SourceTimedOut."""
        (result,) = await self.of_each(database, (None,), page, within)
        return result

    def _statement(
        self, dialect: Dialect, page: PageRequest, filtered_by: frozenset[str], *, is_alone: bool
    ) -> Prepared[Row]:
        """The statement for a request's shape, compiled where it is not held."""
        is_behind, is_before = page.after is not None, page.before is not None
        shape = Shape(is_alone, filtered_by, is_behind, is_before, page.is_backward, page.want_total, page.columns)
        key = dialect.name, shape
        prepared = self.prepared.get(key)
        if prepared is not None:
            self.prepared.move_to_end(key)
            return prepared
        columns, make = self.rows.part(None if page.columns is None else page.columns.union(self.order))
        selected, known = self._known(columns, is_alone=is_alone)
        statement = dialect.for_reading(self._select(dialect, shape, selected))
        leading = len(statement.selected_columns) - len(selected)
        prepared = self.prepared[key] = Prepared(statement, make, dialect, leading, known)
        if len(self.prepared) > SHAPES_HELD:
            self.prepared.popitem(last=False)
        return prepared

    def _known(
        self, columns: Sequence[ColumnElement[Any]], *, is_alone: bool
    ) -> tuple[Sequence[ColumnElement[Any]], Known | None]:
        """The columns without the owner, and what is known of the rows for that."""
        names = [column.key for column in columns]
        own = None if self.owner is None else self.owner.key
        if own not in names:
            return columns, None
        at = names.index(own)
        selected = [*columns[:at], *columns[at + 1 :]]
        names.remove(own)
        return selected, Known(at, names.index(self.order[-1]), own == "customer_id", is_alone)

    def _select(self, dialect: Dialect, shape: Shape, selected: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Position of the owner where there are several, total where wanted, then the row's columns; by owner, then in reading
        order."""
        falling = self.descending is not shape.backward
        matching = conditions_of(dialect, self.filters, shape.filtered_by)
        if self.always is not None:
            matching.append(self.always)
        keys = self._keys(dialect, matching if shape.total else None, is_alone=shape.alone)
        if self.apart is not None and self.apart[0] in shape.filtered_by:
            name, column = self.apart
            keys = _each(keys, dialect.each_of(f"filter_{name}", column.type))
            matching = [*conditions_of(dialect, self.filters, shape.filtered_by - {name}), column == keys.c.value]
        if self.owner is not None:
            matching.append(self.owner == keys.c.owner)
        sort = [self.rows.table.c[name] for name in self.order]
        first = (
            select(*selected).where(*matching, *self._cuts(sort, shape)).limit(bindparam("limit", type_=BigInteger()))
        )
        first = first.order_by(*(column.desc() if falling else column.asc() for column in sort))
        found, columns = dialect.first_of_each(self, keys, first.correlate(keys), optional=shape.total)
        named = {column.key: column for column in columns}
        leading = [*([] if shape.alone else [keys.c.position]), *([keys.c.total] if shape.total else [])]
        in_order = [named[name].desc() if falling else named[name].asc() for name in self.order]
        return select(*leading, *columns).select_from(found).order_by(keys.c.position, *in_order)

    def _keys(self, dialect: Dialect, counted: list[ColumnElement[bool]] | None, *, is_alone: bool) -> FromClause:
        """The owners by position, with the number of their rows where it is wanted: materialized, so counted once."""
        sent: FromClause = select(literal(0).label("position")).subquery("keys")
        own: list[ColumnElement[bool]] = []
        if self.owner is not None:
            sent = keys_of(dialect, {"owner": self.owner.type}, is_alone=is_alone)
            own = [self.owner == sent.c.owner]
        if counted is None:
            return sent
        count = (
            select(func.count()).select_from(self.rows.table).where(*own, *counted).correlate(sent).scalar_subquery()
        )
        return select(*sent.c, count.label("total")).cte("counted").prefix_with("MATERIALIZED")

    def _cuts(self, sort: Sequence[ColumnElement[Any]], shape: Shape) -> list[ColumnElement[bool]]:
        """Behind `after`, before `before`: row values compare in the order of the index."""
        cuts: list[ColumnElement[bool]] = []
        for name, wanted, below in (
            ("after", shape.after, self.descending),
            ("before", shape.before, not self.descending),
        ):
            if wanted:
                place = tuple_(*(bindparam(f"{name}_{index}", type_=column.type) for index, column in enumerate(sort)))
                cuts.append(tuple_(*sort) < place if below else tuple_(*sort) > place)
        return cuts


def _each(keys: FromClause, values: FromClause) -> FromClause:
    """Every key with every value; the order by position merges what is found for the values again."""
    pairs = select(*keys.c, values.c.value).select_from(keys.join(values, true())).cte("keys_by_value")
    # Else SQLite takes all rows of a key before it comes to the values.
    return pairs.prefix_with("MATERIALIZED")


async def pages_of_each(
    database: Database,
    statement: Prepared[Row],
    parameters: Mapping[str, Any],
    owners: Sequence[Any],
    page: PageRequest,
    order: tuple[str, ...],
) -> list[Page[Row]]:
    """One page per owner, in the order given. The statement selects the position of the owner, the total where it is wanted,
    then the row, in reading order. Raises SourceUnavailable, SourceTimedOut."""
    if not page.want_total:
        return pages_of(await database.fetch_each(statement, parameters, owners), page, order, [None] * len(owners))
    rows: list[list[Row]] = [[] for _ in owners]
    totals = [0] * len(owners)
    for position, counted, row in await database.fetch(statement, parameters, owners):
        totals[position] = counted
        if row is not None:
            rows[position].append(row)
    return pages_of(rows, page, order, totals)


class EachOf(Generic[Row]):
    """Any other statement over keys: `build` selects the position of the key, then what makes the row, of the table of
    keys and the conditions that filters make."""

    def __init__(
        self,
        row: Callable[..., Row],
        key: Mapping[str, TypeEngine[Any]],
        build: Callable[..., Select[Any]],
        filters: Mapping[str, Condition] | None = None,
    ) -> None:
        self.row, self.key, self.build, self.filters = row, key, build, filters or {}
        self._has_parts = len(key) > 1
        """True where a key is several values, False where it is one."""
        self._prepared: dict[tuple[str, bool, frozenset[str]], Prepared[Row]] = {}

    async def fetch(
        self, database: Database, keys: Sequence[Any], *within: Any, **parameters: Any
    ) -> list[tuple[Row, ...]]:
        """The rows of each key that the filters let pass, in the order given. Raises SourceUnavailable, SourceTimedOut."""
        if not keys:
            return []
        dialect, is_alone = database.dialect, len(keys) == 1
        asked = given(self.filters, *within)
        columns = dict(zip(self.key, zip(*keys, strict=True) if self._has_parts else (keys,), strict=True))
        parameters |= bound_keys(dialect, columns, is_alone=is_alone)
        if asked:
            parameters |= parameters_of(dialect, asked)
        statement = self._statement(dialect, frozenset(asked), is_alone=is_alone)
        if is_alone:
            found, _ = await database.fetch_alone(statement, parameters)
            return [tuple(found)]
        return list(map(tuple, await database.fetch_each(statement, parameters, keys)))

    def _statement(self, dialect: Dialect, asked: frozenset[str], *, is_alone: bool) -> Prepared[Row]:
        shape = dialect.name, is_alone, asked
        prepared = self._prepared.get(shape)
        if prepared is None:
            sent = keys_of(dialect, self.key, is_alone=is_alone)
            built = self.build(sent, *conditions_of(dialect, self.filters, asked))
            prepared = self._prepared[shape] = Prepared(dialect.for_reading(built), self.row, dialect, leading=1)
        return prepared


class Keyed(Generic[Row]):
    """Rows found by the columns `key`: at most one each, or all of each in the order of `sorted_by`."""

    def __init__(
        self,
        rows: Rows[Row],
        *,
        key: Sequence[str] = ("customer_id", "id"),
        sorted_by: Sequence[ColumnElement[Any]] = (),
        where: Sequence[ColumnElement[bool]] = (),
        filters: Mapping[str, Condition] | None = None,
    ) -> None:
        self.rows, self.key, self.sorted_by, self.where = rows, tuple(key), tuple(sorted_by), tuple(where)
        self._types, self._filters = {name: rows.table.c[name].type for name in self.key}, filters
        self._of = lru_cache(SHAPES_HELD)(self._made)
        """The statements by what is read."""
        self.all_each = self._of(None).fetch
        """See EachOf.fetch."""

    async def one_each(
        self,
        database: Database,
        keys: Sequence[Any],
        within: Any = None,
        columns: frozenset[str] | None = None,
        **parameters: Any,
    ) -> list[Row | None]:
        """The row of each key, or None, in the order given; of their attributes those are read that `columns` names, None
        for all. Raises SourceUnavailable, SourceTimedOut."""
        found = await self._of(columns).fetch(database, keys, within, **parameters)
        return [rows[0] if rows else None for rows in found]

    def _made(self, columns: frozenset[str] | None) -> EachOf[Row]:
        selected, make = self.rows.part(columns)
        return EachOf(make, self._types, partial(self._select, selected), self._filters)

    def _select(
        self, selected: Sequence[ColumnElement[Any]], keys: FromClause, *conditions: ColumnElement[bool]
    ) -> Select[Any]:
        on = and_(*(self.rows.table.c[name] == keys.c[name] for name in self.key), *self.where, *conditions)
        return (
            select(keys.c.position, *selected)
            .select_from(self.rows.joined_to(keys, on))
            .order_by(keys.c.position, *self.sorted_by)
        )
