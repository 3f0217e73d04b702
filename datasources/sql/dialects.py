"""The databases there are. All that differs between them stands in `postgres.py` and `sqlite.py`.

Statements are written once in SQLAlchemy Core, compiled once, and run on the driver's own connection: going through
SQLAlchemy for every call costs several times the call itself (DECISIONS.md).
"""

from collections.abc import Callable, Mapping

from sqlalchemy.engine import URL

from datasources.sql.dialect import Dialect, Joined
from datasources.sql.postgres import Postgres
from datasources.sql.sqlite import Sqlite

DIALECTS: Mapping[str, Callable[[URL, str, int], Dialect]] = {"postgresql": Postgres, "sqlite": Sqlite}

__all__ = ["DIALECTS", "Dialect", "Joined", "Postgres", "Sqlite"]
