"""Loads a folder of the layout: every file's shape first, then all rows in one transaction, or none."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from datasources.importing.report import ImportBroken
from datasources.importing.sheet import BulkWriter, Sheet
from datasources.sql.tables import metadata
from datasources.sql.tables.program import imports
from datasources.sql.tables.promo_codes import customer_promo_codes, promo_codes

from .book import Book, chunks
from .entry import Entry
from .files import Line, shape_of
from .folder import Folder
from .folds import Folded
from .known import Imported, Uniqueness, content_hash, import_key, imported, same_content
from .problems import BadValue, Problem, Problems
from .program import settled_program
from .shapes import Shape
from .steps import STEPS, Step

BATCH_ROWS = 40_000
MEMORY = "sqlite+aiosqlite://"
"""What a folder is checked against where the database has no schema yet."""


class LayoutReport(msgspec.Struct, frozen=True):
    """What an import did: rows of files that were added by domain, how many were there, and the bad ones."""

    added: dict[str, int]
    present: int
    problems: tuple[Problem, ...]
    bad: int


async def load_layout(url: str | None, folder: Path, *, master_key: bytes, check: bool = False) -> LayoutReport:
    """Loads what is not there yet; nothing where a row is bad or only `check` is wanted.

    `url` is an async SQLAlchemy URL of a database that has its schema, or None to check against an empty one.
    Raises ImportBroken.
    """
    problems = Problems()
    found = Folder(folder)
    found.check(problems)
    if problems:
        return LayoutReport({}, 0, problems.listed, problems.total)
    engine = create_async_engine(url or MEMORY)
    try:
        async with engine.connect() as connection:
            if url is None:
                await connection.run_sync(metadata.create_all)
                await connection.commit()
            async with connection.begin() as transaction:
                if connection.dialect.name == "sqlite" and not check:
                    # A transaction that reads first may find that another one wrote before it could.
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                load = _Load(connection, found, problems, check=check)
                report = await load.run(master_key)
                if check or problems:
                    await transaction.rollback()
                return report
    except SQLAlchemyError as error:
        raise ImportBroken(f"the database refused the import, nothing was stored ({type(error).__name__})") from error
    finally:
        await engine.dispose()


class _Load:
    """One run within its transaction."""

    def __init__(self, connection: AsyncConnection, folder: Folder, problems: Problems, *, check: bool) -> None:
        self._connection = connection
        self._folder = folder
        self._problems = problems
        self._check = check
        self._writer = BulkWriter(connection)
        self._sheet = Sheet()
        self._unique = Uniqueness(connection)
        self._known: dict[str, Imported] = {}
        self._added: dict[str, int] = {}
        self._present = 0

    async def run(self, master_key: bytes) -> LayoutReport:
        settings = await settled_program(self._connection, self._folder, self._sheet, self._problems)
        if settings is not None:
            book = Book(self._connection, settings, master_key)
            await book.open()
            for domain, steps in STEPS.items():
                await self._domain(book, domain, steps)
            await self._write()
            await self._count_claims()
        return LayoutReport(self._added, self._present, self._problems.listed, self._problems.total)

    async def _domain(self, book: Book, domain: str, steps: Sequence[Step]) -> None:
        lines = [line for line in self._folder.lines(domain) if isinstance(line, Line)]
        shaped = [(line, shape_of(line, domain)) for line in lines]
        for step in steps:
            own = [(line, shape) for line, shape in shaped if shape.record in step.records]
            if own:
                await book.meet([line.values for line, _ in own])
                fresh = await self._fresh(book, step, own)
                await self._take(step, fresh)
                self._added[domain] = self._added.get(domain, 0) + len(fresh)

    async def _fresh(self, book: Book, step: Step, own: Sequence[tuple[Line, Shape]]) -> list[Entry]:
        """The rows that were not imported before, each with its id."""
        keyed: list[tuple[str, Entry]] = []
        for line, shape in own:
            try:
                entry = Entry(line, shape, shape.filled(line.values), book)
            except BadValue as fault:
                self._problems.add(line.problem(fault))
                continue
            key = [entry.values.get(name) for name in step.key(shape.record)]
            keyed.append((import_key(book.master_key, shape.domain, shape.record, entry.owner, key), entry))
            step.identify(entry, key)
        self._known |= await imported(self._connection, [key for key, _ in keyed if key not in self._known])
        return list(self._unknown(keyed))

    def _unknown(self, keyed: Iterable[tuple[str, Entry]]) -> Iterator[Entry]:
        for key, entry in keyed:
            content = content_hash(entry)
            try:
                if same_content(self._known, key, content):
                    self._present += 1
                    continue
            except BadValue as fault:
                self._problems.add(entry.line.problem(fault))
                continue
            self._known[key] = Imported(content, entry.id)
            self._sheet.add(imports, key=key, done_at=dt.datetime.now(dt.UTC), report=self._known[key])
            yield entry

    async def _take(self, step: Step, fresh: Sequence[Entry]) -> None:
        folded = await step.fold(self._connection, fresh)
        for entry, fault in [*folded.faults, *await self._unique.faults(folded.made)]:
            self._problems.add(entry.line.problem(fault))
        if self._problems or self._check:
            return
        for table, owners in folded.replaced.items():
            for some in chunks(owners):
                await self._connection.execute(delete(table).where(table.c.customer_id.in_(some)))
        for statement in folded.updates:
            await self._connection.execute(statement)
        await self._put(folded)

    async def _put(self, folded: Folded) -> None:
        for made in (*(row for _, row in folded.made), *folded.projected):
            self._sheet.append(made.table, made.row)
            if len(self._sheet) >= BATCH_ROWS:
                await self._write()

    async def _write(self) -> None:
        if not self._problems and not self._check:
            await self._writer.write(self._sheet)

    async def _count_claims(self) -> None:
        if not self._added.get("promo_codes") or self._problems or self._check:
            return
        held = (customer_promo_codes.c.code == promo_codes.c.code, customer_promo_codes.c.state == "CLAIMED")
        claims = select(func.count()).where(*held).scalar_subquery()
        await self._connection.execute(update(promo_codes).values(claims=claims))
