"""The SQL source keeps every law, on both databases."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.conformance import Subject
from datasources.conformance.laws import *  # noqa: F403  # that is how an implementation joins
from datasources.ids import CustomerId
from datasources.sql.source import READERS
from tests.conformance.hiding import SqlHiding
from tests.demo import Demo
from tests.harness import opened

DOMAINS = tuple(READERS)


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
        )
    await engine.dispose()
