"""A customer of whom nothing is known but an e-mail address, and others like them."""

import datetime as dt

import msgspec

from datasources.ids import CustomerId, derived_id
from datasources.profiles import CustomerRow, MembershipState, ProcessingState

JOINED_AT = dt.datetime(2026, 1, 26, tzinfo=dt.UTC)

SOMEONE = CustomerRow(
    customer_id=CustomerId(derived_id(JOINED_AT, "someone")),
    support_id="CJ-1",
    version=1,
    first_name=None,
    last_name=None,
    email="someone@example.com",
    phone=None,
    email_verified_at=None,
    phone_verified_at=None,
    date_of_birth=None,
    gender=None,
    locale=None,
    spoken_languages=(),
    addresses=(),
    attributes={},
    external_ids=(),
    loyalty_number=None,
    status_key="active",
    membership_state=MembershipState.ACTIVE,
    verified_at=None,
    blocked_at=None,
    block_reason=None,
    deleted_at=None,
    processing=ProcessingState.ACTIVE,
    is_test_persona=False,
    created_at=JOINED_AT,
    updated_at=JOINED_AT,
    enrolled_at=None,
    last_active_at=None,
    favorite_location_id=None,
    first_name_key="",
    last_name_key="",
    email_key="",
    phone_key="",
    active_key=JOINED_AT,
    wrapped_key=None,
)


def someone(**changed: object) -> CustomerRow:
    """The customer, but for what is changed."""
    return msgspec.structs.replace(SOMEONE, **changed)
