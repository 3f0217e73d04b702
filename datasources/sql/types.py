"""Column types that mean the same on every dialect."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Float, LargeBinary, Text, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
FIRST = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
LAST = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
"""Bounds of a window that names none: before and after everything that is stored."""

Id = Uuid
"""A UUIDv7: `uuid` on PostgreSQL, 32 hexadecimal digits on SQLite."""


def to_micros(at: dt.datetime) -> int:
    """Microseconds since 1970 of an aware instant, exact."""
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The instant, in UTC, that lies `micros` microseconds after 1970."""
    return EPOCH + dt.timedelta(microseconds=micros)


class Instant(TypeDecorator[dt.datetime]):
    """An aware instant: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, which has no such type."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[dt.datetime]:
        """What rows hold."""
        return dt.datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the dialect stores."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def bind_processor(self, dialect: Dialect) -> Any:  # as SQLAlchemy has it
        """Makes what the driver is given; None where it takes instants as they are."""
        return None if dialect.name == "postgresql" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # as SQLAlchemy has it
        """Makes what a row holds; None where the driver gives instants itself."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        """What SQLite is given."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        """What a row of SQLite holds."""
        return None if value is None else from_micros(value)


class InstantText(TypeDecorator[dt.datetime]):
    """An instant as PostgreSQL writes it, in UTC: the driver takes two and a half times as long for its binary form."""

    impl = Text
    cache_ok = True
    decode = dt.datetime.fromisoformat


class Real(TypeDecorator[float]):
    """A floating-point number of 64 bits, which both drivers give as it is."""

    impl = Float
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """None: SQLAlchemy's own would ask the driver for the column's type."""


class Document(TypeDecorator[Any]):
    """A small JSON document that is always read and written whole, decoded to the type it was declared with."""

    impl = Text
    cache_ok = True

    def __init__(self, of: Any = None) -> None:  # any type that msgspec decodes
        super().__init__()
        self.of = of
        self.decode: Callable[[str], Any] = msgspec.json.Decoder(Any if of is None else of, strict=False).decode
        """Reads a document from its text, as our own drivers give it."""

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the dialect stores: `json`, never `jsonb`, which costs twice to read back as text."""
        if dialect.name == "postgresql":
            return _JsonText()
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        """What the driver is given."""
        return None if value is None else msgspec.json.encode(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # as SQLAlchemy has it
        """Makes what a row holds. Text from a driver of our own; SQLAlchemy's asyncpg connections decode `json` themselves."""
        of, decode = Any if self.of is None else self.of, self.decode

        def process(value: Any) -> Any:
            if isinstance(value, str):
                return decode(value)
            return None if value is None else msgspec.convert(value, of, strict=False)

        return process


class _JsonText(UserDefinedType[str]):
    """PostgreSQL's `json` given as text: SQLAlchemy's own type would encode that text once more."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """The name of the type."""
        return "JSON"


class Sealed(TypeDecorator[bytes]):
    """Text about a person, encrypted with that customer's key (architecture section 3); readers open it by `Keyring`."""

    impl = LargeBinary
    cache_ok = True
