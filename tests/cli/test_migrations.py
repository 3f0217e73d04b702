"""The schema that the revisions make is the one that the tables say, on both databases, and is made whole or not at all."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.errors import SourceUnavailable
from datasources.sql import schema
from datasources.sql.migrations.initial import DIALECTS, ddl, frozen
from datasources.sql.schema import SchemaBroken, SchemaState
from datasources.sql.tables import metadata
from tests.demo import execute


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server = make_url(request.getfixturevalue("postgres_url"))
    name = f"customer_graph_test_{uuid4().hex}"
    asyncio.run(execute(server, f'CREATE DATABASE "{name}"'))
    yield server.set(database=name).render_as_string(hide_password=False)
    asyncio.run(execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _within(url: str, statement: str | None = None) -> tuple[list[str], list[object]]:
    """Run the statement; the tables there are, and what sets the database apart from the tables of the code."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        if statement is not None:
            await connection.exec_driver_sql(statement)
        found = await connection.run_sync(lambda inner: (sorted(inspect(inner).get_table_names()), _difference(inner)))
    await engine.dispose()
    return found


def _difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_frozen_ddl_is_that_of_the_tables(dialect: object) -> None:
    by_name = {known.name: known for known in DIALECTS}
    name = getattr(dialect, "name", "")
    assert frozen(name).read_text(encoding="utf-8") == ddl(by_name[name]), "run datasources.sql.migrations.initial"


def test_an_upgraded_database_has_the_tables_of_the_code(url: str) -> None:
    assert asyncio.run(schema.state("db", url)) is SchemaState.EMPTY
    assert asyncio.run(schema.upgrade("db", url)) is True
    assert asyncio.run(schema.state("db", url)) is SchemaState.CURRENT
    assert asyncio.run(_within(url)) == (sorted([*metadata.tables, "alembic_version"]), [])
    assert asyncio.run(schema.upgrade("db", url)) is False


def test_looking_at_a_missing_file_does_not_make_it(tmp_path: Path) -> None:
    assert asyncio.run(schema.state("db", f"sqlite:///{tmp_path / 'none.sqlite'}")) is SchemaState.EMPTY
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_that_fails_keeps_nothing(url: str) -> None:
    asyncio.run(_within(url, "CREATE TABLE events (id INTEGER)"))
    with pytest.raises(SchemaBroken, match="^upgrading the schema of db failed, nothing was changed "):
        asyncio.run(schema.upgrade("db", url))
    assert asyncio.run(_within(url))[0] == ["events"]


def test_of_two_upgrades_at_once_one_does_it(url: str) -> None:
    async def both() -> list[bool]:
        return await asyncio.gather(schema.upgrade("db", url), schema.upgrade("db", url))

    assert sorted(asyncio.run(both())) == [False, True]


def test_a_schema_of_a_newer_release_is_told_apart(url: str) -> None:
    asyncio.run(schema.upgrade("db", url))
    asyncio.run(_within(url, "UPDATE alembic_version SET version_num = '9999'"))
    assert asyncio.run(schema.state("db", url)) is SchemaState.UNKNOWN


def test_sqlite_is_read_beside_a_writer(tmp_path: Path) -> None:
    file = tmp_path / "wal.sqlite"
    asyncio.run(schema.upgrade("db", f"sqlite:///{file}"))
    assert file.read_bytes()[18:20] == b"\x02\x02"  # the file format's mark of a write-ahead log


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="^opening the database: the source db is not available"):
        asyncio.run(schema.upgrade("db", "postgresql://nobody@127.0.0.1:1/none"))
