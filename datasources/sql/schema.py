"""The schema of a database: brought up to date by alembic's revisions, and how far it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from datasources.errors import SourceUnavailable

CONNECT_S = 3.0
MIGRATIONS = Path(__file__).parent / "migrations"
DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
LOCK = {
    # WAL lets readers read beside a writer, and stays set in the file.
    "sqlite": ("PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE"),
    # Of several gateways that migrate at once one does it, the others wait and find it done.
    "postgresql": ("SELECT pg_advisory_xact_lock(4855024179151)",),
}
"""What is run first, so that nobody else upgrades at the same time."""


class SchemaState(Enum):
    """How far the schema of a database is."""

    EMPTY = "EMPTY"
    OLDER = "OLDER"
    CURRENT = "CURRENT"
    UNKNOWN = "UNKNOWN"
    """Made by a release that is newer than this one."""


class SchemaBroken(Exception):
    """A revision failed; nothing of it was kept."""

    def __init__(self, source: str, error: Exception) -> None:
        cause = driver_error(error)
        super().__init__(
            f"upgrading the schema of {source} failed, nothing was changed ({type(cause).__name__}: {cause})"
        )


def driver_error(error: Exception) -> BaseException:
    """What the driver raised, which SQLAlchemy wraps up to twice."""
    wrapped: BaseException = getattr(error, "orig", None) or error
    return wrapped.__cause__ or wrapped


def async_url(url: str) -> URL:
    """The URL with the driver that this project uses, whichever it names."""
    parsed = make_url(url)
    return parsed.set(drivername=DRIVERS[parsed.get_backend_name()])


async def upgrade(source: str, url: str) -> bool:
    """Bring the schema up to date; False where it was. Raises SourceUnavailable, SchemaBroken."""
    async with _connected(source, url) as connection:
        try:
            for statement in LOCK[connection.dialect.name]:
                await connection.exec_driver_sql(statement)
            before = await connection.run_sync(_state)
            await connection.run_sync(_upgrade)
            await connection.commit()
        except SQLAlchemyError as error:
            raise SchemaBroken(source, error) from error
    return before is not SchemaState.CURRENT


async def state(source: str, url: str) -> SchemaState:
    """How far the schema is. Raises SourceUnavailable."""
    if _is_missing(async_url(url)):
        return SchemaState.EMPTY
    async with _connected(source, url) as connection:
        return await connection.run_sync(_state)


async def analyze(source: str, url: str) -> None:
    """Count what was loaded, so that statements are planned by it. Raises SourceUnavailable."""
    async with _connected(source, url) as connection:
        await connection.exec_driver_sql("ANALYZE")
        await connection.commit()


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _state(connection: Connection) -> SchemaState:
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return SchemaState.EMPTY
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    if revision not in known:
        return SchemaState.UNKNOWN
    return SchemaState.CURRENT if revision == known[0] else SchemaState.OLDER


def _is_missing(url: URL) -> bool:
    """True for a file that is not there: to connect would make it."""
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


@asynccontextmanager
async def _connected(source: str, url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        try:
            # A server that takes connections and says nothing would keep the gateway from starting.
            async with asyncio.timeout(CONNECT_S):
                connection = await engine.connect()
        except (SQLAlchemyError, OSError) as error:
            raise SourceUnavailable(source, "opening the database") from driver_error(error)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await engine.dispose()
