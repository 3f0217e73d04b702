"""A gateway over a copy of the demo that the tests of a module may write to."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway, opened


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """A gateway over a database of its own, on each backend in turn."""
    async with opened(demo.copy()) as found:
        yield found


class Bench:
    """A gateway that a machine's plain methods can wait for."""

    def __init__(self, demo: Demo) -> None:
        self.runner = asyncio.Runner()
        self._opening = opened(demo.copy())
        self.gateway: Gateway = self.runner.run(self._opening.__aenter__())

    def close(self) -> None:
        self.runner.run(self._opening.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def bench(demo: Demo) -> Iterator[Bench]:
    """The gateway for histories, on each backend in turn."""
    found = Bench(demo)
    yield found
    found.close()
