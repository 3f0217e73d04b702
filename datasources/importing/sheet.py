"""Rows on their way into tables, and the one place that knows how each database takes many of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

Row = dict[str, object]
Encoder = Callable[[Any], Any]  # the driver's own types on both sides


class Sheet:
    """Rows by table, in the order they were added."""

    def __init__(self) -> None:
        self.rows: dict[Table, list[Row]] = {}

    def add(self, table: Table, **values: object) -> None:
        """One more row; columns that are left out are null."""
        self.append(table, values)

    def append(self, table: Table, row: Row) -> None:
        """One more row, taken over as it is."""
        rows = self.rows.get(table)
        if rows is None:
            self.rows[table] = [row]
        else:
            rows.append(row)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


class BulkWriter:
    """Writes sheets within the transaction of its connection: by COPY on PostgreSQL, else by prepared inserts."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.counts: dict[str, int] = {}

    async def write(self, sheet: Sheet) -> None:
        """Writes all rows and empties the sheet."""
        for table, rows in sheet.rows.items():
            records = encoded(table, rows, self._connection.dialect)
            await self._insert(table, records)
            self.counts[table.name] = self.counts.get(table.name, 0) + len(records)
        sheet.rows.clear()

    async def _insert(self, table: Table, records: list[tuple[Any, ...]]) -> None:
        names = [column.name for column in table.columns]
        if self._connection.dialect.name == "postgresql":
            raw = await self._connection.get_raw_connection()
            driver: Any = raw.driver_connection  # asyncpg's, which SQLAlchemy does not type
            await driver.copy_records_to_table(table.name, records=records, columns=names)
            return
        statement = insert(table).compile(dialect=self._connection.dialect)
        await self._connection.exec_driver_sql(str(statement), records)


def encoded(table: Table, rows: Sequence[Row], dialect: Dialect) -> list[tuple[Any, ...]]:
    """The rows as the dialect's driver takes them, in the order of the table's columns."""
    names = [column.name for column in table.columns]
    unknown = set[str]().union(*rows) - set(names)
    if unknown:
        raise KeyError(f"{table.name} has no column {sorted(unknown)}")
    columns = [[row.get(name) for row in rows] for name in names]
    encoders = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
    return list(
        zip(*(_column(values, encoder) for values, encoder in zip(columns, encoders, strict=True)), strict=True)
    )


def _column(values: list[object], encoder: Encoder | None) -> Iterable[object]:
    return values if encoder is None else [None if value is None else encoder(value) for value in values]
