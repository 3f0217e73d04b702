"""Writes the DDL of the first revision from the tables, one file a dialect."""

from pathlib import Path

from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from datasources.sql.tables import metadata

VERSIONS = Path(__file__).parent / "versions"
DIALECTS: tuple[Dialect, ...] = (asyncpg.dialect(), aiosqlite.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are untyped
SEPARATOR = ";\n\n"


def frozen(dialect: str) -> Path:
    """The file that holds the first schema of a dialect."""
    return VERSIONS / f"r0001_initial.{dialect}.sql"


def ddl(dialect: Dialect) -> str:
    """The statements that create every table and its indexes."""
    statements: list[CreateTable | CreateIndex] = []
    for table in metadata.sorted_tables:
        statements.append(CreateTable(table))
        statements += [CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))]
    lines = [str(statement.compile(dialect=dialect)) for statement in statements]
    return SEPARATOR.join(_tidy(text) for text in lines) + ";\n"


def statements(dialect: str) -> list[str]:
    """The statements of the frozen file, in their order."""
    return frozen(dialect).read_text(encoding="utf-8").removesuffix(";\n").split(SEPARATOR)


def _tidy(statement: str) -> str:
    """Without white space at the ends of lines, and without empty lines: those part the statements."""
    return "\n".join(line.rstrip().replace("\t", "    ") for line in statement.splitlines() if line.strip())


def main() -> None:
    """Freeze the tables as they are now."""
    for dialect in DIALECTS:
        frozen(dialect.name).write_text(ddl(dialect), encoding="utf-8")


if __name__ == "__main__":
    main()
