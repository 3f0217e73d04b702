"""The kind `duckdb`: its section of the config, and the source that is made of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from customer_graph_duckdb.files import Files
from customer_graph_duckdb.readers import Rewards, Tickets, Transactions
from datasources.kinds import Kind, SourceSettings
from datasources.registry import Domain

READERS: Mapping[Domain, Callable[[Files], Any]] = {
    Domain.TICKETS: Tickets,
    Domain.REWARDS: Rewards,
    Domain.TRANSACTIONS: Transactions,
}


class DuckDbSettings(SourceSettings):
    """A folder of CSV files."""

    csv_folder: Path
    threads: int = Field(default=2, ge=1, le=64)


class DuckDbSource:
    """Serves `datasources.registry.Source` from a folder of CSV files, which it only reads."""

    reads, writes = frozenset(READERS), frozenset[Domain]()

    def __init__(self, name: str, settings: DuckDbSettings) -> None:
        self.name = name
        self._files = Files(name, settings.csv_folder, settings.threads)

    def reader(self, domain: Domain) -> Any:
        """See Source."""
        return READERS[domain](self._files)

    def writer(self, domain: Domain) -> Any:
        """See Source: it writes nothing."""
        raise KeyError(domain)

    async def open(self) -> None:
        """See Source: a file that is not there yet keeps nothing from starting."""
        self._files.open()

    async def close(self) -> None:
        """See Source."""
        await self._files.close()

    async def ping(self) -> None:
        """See Source."""
        await self._files.check()


KIND = Kind(DuckDbSettings, lambda name, settings, _master_key: DuckDbSource(name, settings))
