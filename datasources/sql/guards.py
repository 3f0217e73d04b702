"""A customer's row in a database that does not serve profiles: what its writes decide by, as the profiles' database told it."""

import datetime as dt
from typing import Any

import msgspec

from datasources.ids import CustomerId
from datasources.profiles import CustomerRow
from datasources.sql.changes import Change, Place
from datasources.sql.profile_rows import row_of
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import Unit


class Guard(msgspec.Struct, frozen=True):
    """What is told of the row: whether and how the customer may be dealt with, and their key."""

    customer_id: CustomerId
    support_id: str
    membership: str
    processing: str
    version: int
    wrapped_key: bytes | None
    is_test_persona: bool
    created_at: dt.datetime


def keep(unit: Unit, guard: Guard) -> None:
    """Have it kept: a new row has nothing else, of one that is there all else stays."""
    blank = CustomerRow.empty(guard.customer_id, "", guard.created_at)
    unset = {"state_before": None, "status_before": None}
    unit.change(KEPT, row_of(blank) | unset | msgspec.structs.asdict(guard))


def _kept(place: Place) -> Any:
    row = place.dialect.insert(customers).values(place.row(customers))
    new = {name: row.excluded[name] for name in Guard.__struct_fields__ if name != "customer_id"}
    return row.on_conflict_do_update(index_elements=["customer_id"], set_=new)


KEPT = Change(_kept)
