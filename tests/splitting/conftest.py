"""A split program, and beside it the same in one database."""

from collections.abc import AsyncIterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway, opened
from tests.splitting.programs import LAYOUTS, Layout, parted


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda layout: layout.name)
def layout(request: pytest.FixtureRequest) -> Layout:
    """How the program is split."""
    found: Layout = request.param
    return found


@pytest.fixture(scope="module")
async def gateway(demo: Demo, layout: Layout) -> AsyncIterator[Gateway]:
    """A gateway over a split program, on each backend in turn."""
    async with parted(demo, layout) as found:
        yield found


@pytest.fixture(scope="module")
async def whole(demo: Demo, layout: Layout) -> AsyncIterator[Gateway]:
    """A gateway over the same program in one database, as new as the split one."""
    async with opened(demo.copy()) as found:
        yield found
