from collections.abc import AsyncIterator

import pytest

from tests.demo import SqliteDemo
from tests.harness import Gateway, opened


@pytest.fixture(scope="session")
async def gateway(sqlite_demo: SqliteDemo) -> AsyncIterator[Gateway]:
    """A gateway over the demo program; what callers may see does not depend on the database."""
    async with opened(sqlite_demo.url) as found:
        yield found
