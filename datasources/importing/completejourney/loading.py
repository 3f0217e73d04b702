"""Loads the data set into a database, all of it in one transaction, only what is not there yet."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from datasources.importing.demo_program import demo_program
from datasources.importing.report import ImportBroken, ImportProgress, ImportReport, ProgressCallback
from datasources.importing.sheet import BulkWriter, Sheet
from datasources.metrics import MetricsDocument
from datasources.program import Clock, ProgramSettings
from datasources.sql.tables.metrics import customer_metrics
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.program import imports, program
from datasources.sql.tables.promo_codes import customer_promo_codes, promo_codes

from .catalogue import Catalogue
from .dataset import Dataset
from .derivation import Surroundings, derive
from .household import SOURCE
from .metrics import compared
from .stores import Stores
from .timeline import Timeline, weeks_to_move

BATCH_ROWS = 40_000
LIVE = ("PENDING_VERIFICATION", "ACTIVE", "BLOCKED")


class LoadRequest(msgspec.Struct, frozen=True):
    """What to load: the first `households` by number (None: all), moved to lie before `as_of` where `shift` is set."""

    url: str
    as_of: dt.date
    master_key: bytes
    households: int | None = None
    shift: bool = True
    folder: str | None = None


class ImportRecord(msgspec.Struct, frozen=True):
    """What the database remembers of the import: the households, and how far they were moved."""

    households: tuple[int, ...]
    shift_weeks: int


async def load(request: LoadRequest, folder: Path, progress: ProgressCallback) -> ImportReport:
    """Loads what is missing. Raises ImportBroken; then nothing was stored."""
    progress(ImportProgress("reading", 0, 0))
    dataset = Dataset(folder)
    engine = create_async_engine(request.url)
    try:
        async with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                await _prepare_sqlite(connection)
            async with connection.begin():
                return await _Load(connection, dataset, request, progress).run()
    finally:
        await engine.dispose()


async def _prepare_sqlite(connection: AsyncConnection) -> None:
    # A page cache that holds the inner pages of all indexes: without it a full load is bound by reading them again.
    await connection.exec_driver_sql("PRAGMA cache_size = -262144")
    await connection.exec_driver_sql("PRAGMA temp_store = MEMORY")
    await connection.commit()


class _Load:
    """One run within its transaction."""

    def __init__(
        self, connection: AsyncConnection, dataset: Dataset, request: LoadRequest, progress: ProgressCallback
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._request = request
        self._progress = progress
        self._writer = BulkWriter(connection)

    async def run(self) -> ImportReport:
        record = await self._record()
        wanted = self._dataset.purchases.households[: self._request.households]
        present = frozenset(record.households if record else ())
        missing = [household for household in wanted if household not in present]
        weeks = record.shift_weeks if record else self._weeks()
        timeline = Timeline(self._dataset.purchases.last_day, weeks)
        around = self._surroundings(timeline)
        if record is None:
            await self._write_shared(around)
        if missing or record is None:
            figures = await self._write_households(around, missing)
            await self._write_metrics(timeline, figures)
            await self._count_claims()
            await self._remember(ImportRecord(tuple(sorted(present | set(missing))), weeks), first=record is None)
        return ImportReport(len(missing), len(present), weeks, timeline.end, self._writer.counts)

    def _weeks(self) -> int:
        return weeks_to_move(self._dataset.purchases.last_day, self._request.as_of) if self._request.shift else 0

    def _surroundings(self, timeline: Timeline) -> Surroundings:
        return Surroundings(
            self._dataset,
            timeline,
            Catalogue(self._dataset, timeline),
            Stores(self._dataset.purchases.earliest_hour, timeline),
            self._request.master_key,
        )

    async def _record(self) -> ImportRecord | None:
        found = (await self._connection.execute(select(imports.c.report).where(imports.c.key == SOURCE))).scalar()
        if found is not None:
            return msgspec.convert(found, ImportRecord)
        other = (await self._connection.execute(select(func.count()).select_from(program))).scalar_one()
        if other:
            raise ImportBroken("the database holds another program already: import into an empty one")
        return None

    async def _write_shared(self, around: Surroundings) -> None:
        clock = Clock(around.timeline.end, dt.datetime.now(dt.UTC), around.timeline.shift_weeks)
        settings: ProgramSettings = demo_program(clock)
        sheet = Sheet()
        sheet.add(program, key="program", settings=settings, updated_at=around.timeline.end)
        around.stores.write(sheet)
        around.catalogue.write(sheet, around.master_key)
        await self._writer.write(sheet)

    async def _write_households(self, around: Surroundings, missing: Sequence[int]) -> dict[UUID, MetricsDocument]:
        sheet = Sheet()
        figures: dict[UUID, MetricsDocument] = {}
        baskets = self._dataset.purchases.baskets(missing)
        for done, (number, found) in enumerate(baskets, 1):
            derived = derive(around, number, found, sheet)
            figures[derived.household.customer_id] = derived.figures
            if len(sheet) >= BATCH_ROWS:
                await self._writer.write(sheet)
            self._progress(ImportProgress("loading", done, len(missing)))
        await self._writer.write(sheet)
        return figures

    async def _write_metrics(self, timeline: Timeline, figures: dict[UUID, MetricsDocument]) -> None:
        """Compares everyone anew: who is added moves the medians and ranks of those who were there."""
        before = (
            await self._connection.execute(select(customer_metrics.c.customer_id, customer_metrics.c.metrics))
        ).all()
        known = {row.customer_id: msgspec.convert(row.metrics, MetricsDocument) for row in before}
        documents = compared(known | figures, await self._base())
        await self._connection.execute(delete(customer_metrics))
        sheet = Sheet()
        for customer, document in documents.items():
            sheet.add(customer_metrics, customer_id=customer, computed_at=timeline.end, metrics=document)
        await self._writer.write(sheet)

    async def _base(self) -> list[UUID]:
        live = select(customers.c.customer_id).where(
            customers.c.membership.in_(LIVE),
            customers.c.is_test_persona.is_(False),
            customers.c.processing == "ACTIVE",
        )
        return list((await self._connection.execute(live.order_by(customers.c.customer_id))).scalars())

    async def _count_claims(self) -> None:
        claims = (
            select(func.count())
            .where(customer_promo_codes.c.code == promo_codes.c.code, customer_promo_codes.c.state == "CLAIMED")
            .scalar_subquery()
        )
        await self._connection.execute(update(promo_codes).values(claims=claims))

    async def _remember(self, record: ImportRecord, *, first: bool) -> None:
        values = {"report": record, "done_at": dt.datetime.now(dt.UTC)}
        if first:
            await self._connection.execute(insert(imports).values(key=SOURCE, **values))
        else:
            await self._connection.execute(update(imports).where(imports.c.key == SOURCE).values(**values))
