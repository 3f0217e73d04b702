"""What the readers of all domains share."""

from typing import ClassVar

from datasources.registry import Domain
from datasources.sql.engine import Database


class SqlReader:
    """Reads one domain from a database."""

    domain: ClassVar[Domain]

    def __init__(self, database: Database) -> None:
        self._database = database
        self.source = database.name
        self.is_stepped, self.asks_together = database.dialect.is_stepped, database.dialect.joins_reads
