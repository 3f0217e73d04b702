"""CSV files as tables of one DuckDB in memory, asked from a few threads."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb

from datasources.errors import SourceRefused, SourceUnavailable

Done = TypeVar("Done")
Records = list[tuple[Any, ...]]

AGAIN_S = 0.001


class File(NamedTuple):
    """A file by its name without `.csv`, DuckDB's type of each of its columns, and those that are never null."""

    name: str
    columns: Mapping[str, str]
    required: Sequence[str]


class Files:
    """A folder of CSV files, each read when it is first asked for; at most `threads` statements run at once."""

    def __init__(self, source: str, folder: Path, threads: int) -> None:
        self.source = source
        self._folder, self._threads = folder, threads
        self._slots, self._loading = asyncio.Semaphore(threads), asyncio.Lock()
        self._loaded: set[str] = set()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def open(self) -> None:
        """Be ready to read."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=f"duckdb-{self.source}")
        self._connection = duckdb.connect(":memory:", config={"threads": self._threads})

    async def close(self) -> None:
        """Forget all that was read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.to_thread(self._pool.shutdown)
            connection.close()
            self._loaded.clear()

    async def check(self) -> None:
        """Pass where the folder is there. Raises SourceUnavailable."""
        self._cursor("answering")
        if not await asyncio.to_thread(self._folder.is_dir):
            raise SourceUnavailable(self.source, "finding its folder")

    async def fetch(self, file: File, sql: str, parameters: Mapping[str, Any]) -> Records:
        """The records of a statement about a file. Raises SourceUnavailable, SourceRefused."""
        await self._load(file)
        async with self._slots:
            cursor = self._cursor(f"asking {file.name}")
            try:
                return await self._run(cursor, lambda: cursor.execute(sql, dict(parameters)).fetchall())
            except duckdb.Error as error:
                raise SourceRefused(self.source, f"asking {file.name}") from error

    async def _load(self, file: File) -> None:
        """Have the table of a file; one that could not be read is tried again by whoever asks next."""
        async with self._loading:
            if file.name in self._loaded:
                return
            cursor = self._cursor(f"reading {file.name}.csv")
            try:
                await self._run(cursor, lambda: _make(cursor, self._folder / f"{file.name}.csv", file))
            except duckdb.Error as error:
                raise SourceUnavailable(self.source, f"reading {file.name}.csv") from error
            self._loaded.add(file.name)

    def _cursor(self, doing: str) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise SourceUnavailable(self.source, doing)
        return self._connection.cursor()

    async def _run(self, cursor: duckdb.DuckDBPyConnection, work: Callable[[], Done]) -> Done:
        """What a thread makes of the work; cancelled, it is interrupted."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, _unless_interrupted, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # An interrupt does nothing before the thread has begun, so it is repeated until the thread is free.
            while not running.done():
                cursor.interrupt()
                await asyncio.sleep(AGAIN_S)
            raise


def _unless_interrupted(work: Callable[[], Done]) -> Done:
    """What the work makes; nobody waits for what is interrupted."""
    try:
        return work()
    except duckdb.InterruptException:
        return None  # type: ignore[return-value]  # read by nobody


def _make(cursor: duckdb.DuckDBPyConnection, path: Path, file: File) -> None:
    """Make the table of a file: an empty value is null, a quoted empty one an empty text."""
    cursor.execute("SET TimeZone = 'UTC'")
    cursor.execute(f'DROP TABLE IF EXISTS "{file.name}"')
    read = cursor.read_csv(
        path, header=True, sep=",", quotechar='"', escapechar='"', dtype=dict(file.columns), allow_quoted_nulls=False
    )
    read.project(", ".join(f'"{column}"' for column in file.columns)).create(file.name)
    for column in file.required:
        cursor.execute(f'ALTER TABLE "{file.name}" ALTER "{column}" SET NOT NULL')
