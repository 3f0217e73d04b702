"""The SQL source keeps every law, on both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.conformance import Subject
from datasources.conformance.laws import *  # noqa: F403  # that is how an implementation joins
from datasources.conformance.writes import EXAMPLES
from datasources.ids import CustomerId
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey
from datasources.sql.source import READERS, SqlSource
from tests.conformance.hiding import SqlHiding
from tests.demo import MASTER_KEY, Demo
from tests.harness import opened

DOMAINS = tuple(READERS)
WRITTEN = tuple(EXAMPLES)
GAPS = {"erasure": "the jobs that erase come later"}


@pytest.fixture(scope="session")
async def subject(demo: Demo) -> AsyncIterator[Subject]:
    """The readers of all domains over a copy of the demo program."""
    engine = create_async_engine(demo.copy())
    async with opened(engine.url.render_as_string(hide_password=False)) as gateway:
        database = gateway.runtime.databases["main"]
        yield Subject(
            readers={domain: reader(database) for domain, reader in READERS.items()},
            customers=[CustomerId(uuid) for uuid in gateway.members.values()],
            now=gateway.now,
            statements=lambda: database.statements,
            hiding=SqlHiding(engine),
            fresh=lambda: source_of(demo),
            program=(await gateway.runtime.program()).settings,
            gaps=GAPS,
        )
    await engine.dispose()


@asynccontextmanager
async def source_of(demo: Demo) -> AsyncIterator[SqlSource]:
    """Another source over a copy of the demo program."""
    source = SqlSource(Database("copy", demo.copy(), MasterKey(MASTER_KEY)))
    await source.open()
    try:
        yield source
    finally:
        await source.close()
