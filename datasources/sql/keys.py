"""The keys that a read is for, as a table that is joined: of many, or of one, which spares the database a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, bindparam, literal_column, select
from sqlalchemy.types import Integer, TypeEngine

from datasources.sql.dialects import Dialect

ONE = "key"
"""What the columns of one key are bound as: `key_<column>`."""


def keys_of(dialect: Dialect, columns: Mapping[str, TypeEngine[Any]], *, is_alone: bool) -> FromClause:
    """A table of the keys that `bound_keys` binds, with `position` (0, 1, …) first."""
    if not is_alone:
        return dialect.keys(**columns)
    parts = (bindparam(f"{ONE}_{name}", type_=type_).label(name) for name, type_ in columns.items())
    return select(literal_column("0", Integer()).label("position"), *parts).subquery("keys")


def bound_keys(dialect: Dialect, columns: Mapping[str, Sequence[Any]], *, is_alone: bool) -> dict[str, Any]:
    """The parameters that fill the table of keys: as many values of each column as there are keys."""
    if not is_alone:
        return dialect.bind_keys(columns)
    return {f"{ONE}_{name}": value for name, (value,) in columns.items()}
