from collections.abc import AsyncIterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway, opened


@pytest.fixture(scope="session")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """A gateway over the demo program on each backend in turn."""
    async with opened(demo.url) as found:
        yield found
