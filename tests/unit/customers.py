"""A customer of whom nothing is known but an e-mail address, and others like them."""

import datetime as dt

import msgspec

from datasources.ids import CustomerId, derived_id
from datasources.profiles import CustomerRow

JOINED_AT = dt.datetime(2026, 1, 26, tzinfo=dt.UTC)

SOMEONE = msgspec.structs.replace(
    CustomerRow.empty(CustomerId(derived_id(JOINED_AT, "someone")), "active", JOINED_AT),
    support_id="CJ-1",
    email="someone@example.com",
    active_key=JOINED_AT,
)


def someone(**changed: object) -> CustomerRow:
    """The customer, but for what is changed."""
    return msgspec.structs.replace(SOMEONE, **changed)
