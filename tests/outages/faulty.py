"""A kind of source that reads a database and fails as a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

from datasources.kinds import GROUP, Kind, installed
from datasources.layers import Call, Layered
from datasources.registry import Domain
from datasources.sql.source import SqlSettings, SqlSource

PERSON = "jane@example.com"
Fault = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Is given what would ask, and answers in its place."""


class Faults:
    """What goes wrong with each domain of a source, and how often each was asked."""

    def __init__(self) -> None:
        self.of: dict[Domain, Fault] = {}
        self.asked: dict[Domain, int] = {}
        self.ended = 0
        """Calls that hung and were cancelled."""
        self.ping: Exception | None = None
        self.pings = 0

    def around(self, reader: Any, _name: str, call: Call) -> Call:
        """See Layer."""
        domain = reader.domain

        async def asked(*arguments: Any, **named: Any) -> Any:
            self.asked[domain] = self.asked.get(domain, 0) + 1
            fault = self.of.get(domain)
            if fault is None:
                return await call(*arguments, **named)
            return await fault(lambda: call(*arguments, **named))

        return asked

    async def hang(self, _ask: object) -> Any:
        """Never answer."""
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.ended += 1
            raise


class FaultySource(SqlSource):
    """A database whose readers fail."""

    faults: ClassVar[Faults]

    def reader(self, domain: Domain) -> Any:
        """The reader behind its faults, which no limit knows of."""
        return Layered(super().reader(domain), self.faults)

    async def ping(self) -> None:
        """See Source."""
        self.faults.pings += 1
        if self.faults.ping is not None:
            raise self.faults.ping
        await super().ping()


def raising(error: Exception) -> Fault:
    async def raised(_ask: object) -> Any:
        raise error

    return raised


def answering(change: Callable[[Any], Any]) -> Fault:
    """What was answered, changed."""

    async def changed(ask: Callable[[], Awaitable[Any]]) -> Any:
        return change(await ask())

    return changed


def install() -> Faults:
    """The faults of sources to come, whose kind is made known as an installed package would."""
    installed()["faulty"] = EntryPoint("faulty", f"{__name__}:KIND", GROUP)
    FaultySource.faults = Faults()
    return FaultySource.faults


KIND = Kind(SqlSettings, FaultySource.of)
