"""What a table answers: pages of each customer's rows, and rows by key. One statement, however many keys."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID

import msgspec

from customer_graph_duckdb.conditions import Where, between, of_customers, passing
from customer_graph_duckdb.files import File, Files
from datasources.errors import SourceRefused
from datasources.paging import Page, PageRequest, page_of

Row = TypeVar("Row", bound=msgspec.Struct)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

PLAIN: Mapping[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    bool: "BOOLEAN",
    UUID: "UUID",
    dt.datetime: "TIMESTAMPTZ",
}
"""DuckDB's types. A column of any other type is text: the value of an enum, or JSON."""


class Table(Generic[Row]):
    """The table of a file, with a column for each field of the row."""

    def __init__(self, name: str, row: type[Row], key: tuple[str, ...], sorted_by: str) -> None:
        self.row, self._key, self._sorted_by = row, key, sorted_by
        fields = msgspec.structs.fields(row)
        types = {field.name: _bare(field.type) for field in fields}
        self.file = File(
            name,
            {column: PLAIN.get(type_, "VARCHAR") for column, type_ in types.items()},
            [field.name for field in fields if NoneType not in get_args(field.type)],
        )
        self._read = [_reading(type_) for type_ in types.values()]
        self._selected = ", ".join(
            f'epoch_us("{column}")' if type_ is dt.datetime else f'"{column}"' for column, type_ in types.items()
        )

    async def pages(self, files: Files, customers: Sequence[Any], page: PageRequest) -> list[Page[Row]]:
        """One page per customer, the last row first. Raises InvalidRequest, SourceUnavailable, SourceRefused."""
        order = (self._sorted_by, "id")
        whole = of_customers(customers) + passing(page.filter)
        totals = await self._totals(files, whole) if page.want_total else {}
        where = whole + between(page, self._sorted_by) + Where((), {"most": page.size + 1})
        sort = ", ".join(f'"{column}" {"ASC" if page.is_backward else "DESC"}' for column in order)
        sql = (
            f'SELECT {self._selected} FROM "{self.file.name}" WHERE {where.sql} '
            f"QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY {sort}) <= $most ORDER BY {sort}"
        )
        found = await self._by(("customer_id",), files, sql, where.parameters)
        return [
            page_of(found.get((customer,), []), page, order, totals.get(customer, 0) if page.want_total else None)
            for customer in customers
        ]

    async def of_each(self, files: Files, keys: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        """The rows of each key, in the order of the table. Raises SourceUnavailable, SourceRefused."""
        columns = ", ".join(f'"{column}"' for column in self._key)
        parameters = {f"key_{index}": [key[index] for key in keys] for index in range(len(self._key))}
        sought = ", ".join(f"unnest(${name})" for name in parameters)
        sql = (
            f'SELECT {self._selected} FROM "{self.file.name}" WHERE ({columns}) IN (SELECT {sought}) '
            f'ORDER BY "{self._sorted_by}"'
        )
        found = await self._by(self._key, files, sql, parameters)
        return [found.get(tuple(key), []) for key in keys]

    async def one_each(self, files: Files, keys: Sequence[tuple[Any, ...]]) -> list[Row | None]:
        """The row of each key, None where there is none. Raises SourceUnavailable, SourceRefused."""
        return [next(iter(rows), None) for rows in await self.of_each(files, keys)]

    async def _totals(self, files: Files, where: Where) -> dict[Any, int]:
        """How many rows each customer has that has some."""
        sql = f'SELECT customer_id, count(*) FROM "{self.file.name}" WHERE {where.sql} GROUP BY customer_id'
        return dict(await files.fetch(self.file, sql, where.parameters))

    async def _by(
        self, names: Sequence[str], files: Files, sql: str, parameters: Mapping[str, Any]
    ) -> dict[tuple[Any, ...], list[Row]]:
        """The rows of a statement, by what they have in some columns."""
        found: dict[tuple[Any, ...], list[Row]] = {}
        for record in await files.fetch(self.file, sql, parameters):
            try:
                row = self._made(record)
            except (ValueError, msgspec.MsgspecError) as error:
                raise SourceRefused(files.source, f"understanding {self.file.name}.csv") from error
            found.setdefault(tuple(getattr(row, name) for name in names), []).append(row)
        return found

    def _made(self, record: tuple[Any, ...]) -> Row:
        return self.row(
            *(
                value if read is None or value is None else read(value)
                for read, value in zip(self._read, record, strict=True)
            )
        )


def _bare(hint: Any) -> Any:
    """The type of a field's values, without None."""
    bare = [kind for kind in get_args(hint) if kind is not NoneType] if NoneType in get_args(hint) else [hint]
    return getattr(bare[0], "__supertype__", bare[0])


def _reading(type_: Any) -> Callable[[Any], Any] | None:
    """Makes what a row holds of what the table does; None where that is the same."""
    if type_ is dt.datetime:
        return _instant
    if type_ in PLAIN:
        return None
    is_enum = isinstance(type_, type) and issubclass(type_, Enum)
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(type_)
    return type_ if is_enum else decoder.decode


def _instant(micros: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=micros)
