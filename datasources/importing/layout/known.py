"""What was imported before, and rows that the database has from elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.fingerprints import fingerprint
from datasources.sql.tables.program import imports

from .book import chunks
from .entry import Entry, Made
from .problems import BadValue

Columns = tuple[Column[Any], ...]


class Imported(msgspec.Struct, frozen=True):
    """What is remembered of a row: a keyed hash of its content, and the id that it got."""

    content: str
    id: UUID | None


def import_key(master_key: bytes, domain: str, record: str, owner: str, key: Sequence[object]) -> str:
    """By what a row is remembered: a keyed hash of what tells it apart."""
    named = msgspec.json.encode([owner, *key]).decode()
    return f"layout:{domain}:{record}:{fingerprint(master_key, 'layout key', named)}"


def content_hash(entry: Entry) -> str:
    """A keyed hash of all that a row says, whoever names the customer how."""
    told = entry.values | {"customer": entry.owner}
    content = msgspec.json.encode(told, order="sorted").decode()
    return fingerprint(entry.book.master_key, "layout content", content)


async def imported(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, Imported]:
    """Those of the keys that were imported before."""
    found: dict[str, Imported] = {}
    for some in chunks(keys):
        rows = await connection.execute(select(imports.c.key, imports.c.report).where(imports.c.key.in_(some)))
        found |= {row.key: msgspec.convert(row.report, Imported) for row in rows}
    return found


class Uniqueness:
    """Sees that no two rows have the same key, in the database or in the files."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, ...], set[tuple[object, ...]]] = defaultdict(set)

    async def faults(self, made: Sequence[tuple[Entry, Made]]) -> list[tuple[Entry, BadValue]]:
        """The entries whose rows are there already."""
        faults: list[tuple[Entry, BadValue]] = []
        by_table: dict[Table, list[tuple[Entry, Made]]] = defaultdict(list)
        for entry, row in made:
            by_table[row.table].append((entry, row))
        for table, rows in by_table.items():
            for columns in _keys(table):
                faults += [found async for found in self._faults(columns, rows)]
        return faults

    async def _faults(self, columns: Columns, rows: Sequence[tuple[Entry, Made]]) -> Any:  # an async generator
        names = [column.name for column in columns]
        told = [(tuple(made.row.get(name) for name in names), entry, made) for entry, made in rows]
        whole = [found for found in told if None not in found[0]]
        for some in chunks(whole):
            query = select(*columns).where(tuple_(*columns).in_([key for key, _, _ in some]))
            there = {tuple(row) for row in (await self._connection.execute(query)).all()}
            for fault in self._repeated(columns, some, there):
                yield fault

    def _repeated(
        self, columns: Columns, some: Sequence[tuple[tuple[object, ...], Entry, Made]], there: set[tuple[Any, ...]]
    ) -> Iterator[tuple[Entry, BadValue]]:
        seen = self._seen[tuple(str(column) for column in columns)]
        for key, entry, made in some:
            if key in there or key in seen:
                yield entry, BadValue("is there already, with another row", *([made.column] if made.column else []))
            seen.add(key)


def _keys(table: Table) -> Iterator[Columns]:
    yield tuple(table.primary_key.columns)
    for index in table.indexes:
        if index.unique:
            yield tuple(index.columns)


def same_content(known: Mapping[str, Imported], key: str, content: str) -> bool:
    """True where the row was imported before. Raises BadValue where another was under its key."""
    if key not in known:
        return False
    if known[key].content != content:
        raise BadValue("differs from the row that was imported under the same key")
    return True
