"""A gateway over a copy of the demo that the tests of a module may write to."""

from collections.abc import AsyncIterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway, opened


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """A gateway over a database of its own, on each backend in turn."""
    async with opened(demo.copy()) as found:
        yield found
