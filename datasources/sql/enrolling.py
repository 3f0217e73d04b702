"""Customers made: their row with a key and an audit chain of their own, their identifiers, and the tie to a location."""

import secrets

import msgspec
from sqlalchemy import bindparam, select

from datasources.audit import AuditChange
from datasources.ids import CustomerId
from datasources.membership import status_in
from datasources.profile_changes import changed, check_known, filled
from datasources.profile_values import check_required, external_ids_of, identifiers_of
from datasources.profile_writing import CustomerShown, NewCustomer
from datasources.profiles import NEVER, CustomerRow, MembershipState
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.identifier_index import IdentifierIndex
from datasources.sql.profile_rows import MADE, ProfileRows, row_of, tell
from datasources.sql.rewriting import move_favorite
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import Unit
from datasources.writing import Refusal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that is taken for a digit when it is spelled on the telephone."""
GROUPS, GROUP = 2, 4


def new_support_id() -> str:
    """A short id for support calls, such as 7K3M-9QXT."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


class Enrolling:
    """Makes customers."""

    def __init__(self, database: Database) -> None:
        self._rows, self._index = ProfileRows(database), IdentifierIndex(database)
        known = select(customers.c.support_id).where(
            customers.c.support_id == bindparam("support_id", type_=customers.c.support_id.type)
        )
        self._known = Prepared(known, lambda support_id: support_id, database.dialect)

    def enrolled(self, unit: Unit, asked: NewCustomer) -> Statements[CustomerShown | None]:
        """Make the customer. Raises Refusal."""
        row = _enrolled(unit, asked)
        _check_store(asked)
        check_required(unit.write.program, row)
        wrapped = unit.enroll(row.customer_id)
        last = (yield from self._index.claim(unit, identifiers_of(row))).last_active_at
        support_id = new_support_id()
        while (yield Sent(self._known, {"support_id": support_id})):
            support_id = new_support_id()
        row = msgspec.structs.replace(
            row, support_id=support_id, wrapped_key=wrapped, last_active_at=last, active_key=last or NEVER
        )
        changes = [AuditChange(*told) for told in changed(None, row)]
        program = unit.write.program
        _, waiting = status_in(program, row.membership_state, program.first_status, None)
        unit.change(MADE, row_of(row) | {"state_before": None, "status_before": waiting})
        tell(unit, "Test persona created" if row.is_test_persona else "Customer created", changes)
        move_favorite(unit, None, asked.favorite, row)
        unit.record(Happened("account_created", {"channel": "GATEWAY"}))
        return (yield from self._rows.shown(unit))


def _check_store(asked: NewCustomer) -> None:
    """Pass for a customer whom the caller will be able to reach. Raises Refusal."""
    if asked.favorite is not None:
        check_known(asked.favorite)
    if asked.stores is None:
        return
    if asked.favorite is None:
        message = "You reach the customers of some stores: name the one that this customer enrolls at."
        raise Refusal(UserErrorCode.REQUIRED, message, "favoriteLocationId")
    if asked.favorite.store_id not in asked.stores:
        raise Refusal(UserErrorCode.NOT_FOUND, "There is no such location within your reach.", "favoriteLocationId")


def _enrolled(unit: Unit, asked: NewCustomer) -> CustomerRow:
    """The new customer's row, without its support id and key. Raises Refusal."""
    write, program = unit.write, unit.write.program
    state = MembershipState.PENDING_VERIFICATION if program.needs_verification else MembershipState.ACTIVE
    external_ids = external_ids_of(asked.external_ids, "externalIds")
    status_key, _ = status_in(program, state, program.first_status, None)
    blank = msgspec.structs.replace(
        CustomerRow.empty(CustomerId(unit.ids["customer"]), status_key, write.now),
        external_ids=external_ids,
        membership_state=state,
        is_test_persona=asked.is_test_persona,
        enrolled_at=write.now,
        favorite_location_id=None if asked.favorite is None else asked.favorite.location_id,
    )
    return filled(blank, write, asked.profile)
