"""A split program, and beside it the same in one database."""

from collections.abc import AsyncIterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway, opened
from tests.splitting.programs import FOUR, THREE, Layout, parted


@pytest.fixture(scope="module")
def layout(demo: Demo) -> Layout:
    """How the program is split: into three files, or four databases of a server."""
    return THREE if demo.name == "sqlite" else FOUR


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
