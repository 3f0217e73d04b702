"""What all tests share: servers, and the demo database on each backend. Nothing is ever skipped."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from gateway.server import collect_seldom
from tests.demo import Demo, PostgresDemo, SqliteDemo, postgres_demo
from tests.servers import postgres, redis
from tests.trying import LONG, SHORT

pytest_plugins = ["datasources.conformance"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the answers of the golden queries anew (from SQLite)"
    )
    parser.addoption(
        "--long", action="store_true", help="try many times more random histories and documents, others each time"
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(LONG if config.getoption("--long") else SHORT)


def pytest_collection_finish() -> None:
    """As gateways do: else a fifth of the time goes by with looks for garbage, in which a call can miss its time."""
    collect_seldom()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server on which databases can be made."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server."""
    with redis() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> SqliteDemo:
    """The demo program in SQLite."""
    return SqliteDemo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def on_postgres(postgres_url: str) -> Iterator[PostgresDemo]:
    """The demo program in PostgreSQL."""
    with postgres_demo(postgres_url) as demo:
        yield demo


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def demo(request: pytest.FixtureRequest) -> Demo:
    """The demo program on each backend in turn."""
    found: Demo = request.getfixturevalue("sqlite_demo" if request.param == "sqlite" else "on_postgres")
    return found
