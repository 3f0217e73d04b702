"""A customer with a long history, two who have none, and what is sent to find a page of it."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid5

import pytest

from datasources.ids import CustomerId
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey
from tests.demo import MASTER_KEY

CUSTOMER = CustomerId(UUID(int=1))
SINCE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LENGTH = 20_000
OTHERS = [CustomerId(uuid5(CUSTOMER, name)) for name in ("nobody", "nobody else")]
"""Two beside the one: PostgreSQL before 18 tells rows a loop rounded, and 21 are 7 a loop of three."""

Sent = list[tuple[str, Sequence[Any]]]
"""Statements with their values, in the order in which they were sent."""


@asynccontextmanager
async def spied(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Database, Sent]]:
    """The database, and what is read from it."""
    database, sent = Database("main", url, MasterKey(MASTER_KEY)), Sent()
    await database.open()
    fetch = database.dialect.fetch

    async def spy(sql: str, values: Sequence[Any]) -> Any:
        sent.append((sql, values))
        return await fetch(sql, values)

    monkeypatch.setattr(database.dialect, "fetch", spy)
    try:
        yield database, sent
    finally:
        await database.close()
