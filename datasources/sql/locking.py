"""The lock of all that belongs to a customer: their row, together with the head of their audit chain."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Uuid, bindparam, literal_column, select, true

from datasources.ids import NO_CUSTOMER, CustomerId
from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.split import topic_of
from datasources.sql.tables.audit import audit_heads
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import outbox_lanes


class Locked(msgspec.Struct, frozen=True):
    """The customer's row, locked, and the head of their audit chain; all null for one that the source does not know."""

    customer_id: UUID | None
    membership: str | None
    processing: str | None
    version: int | None
    wrapped_key: bytes | None
    sequence: int | None
    hash: bytes | None


NOBODY = Locked(None, None, None, None, None, None, None)
"""Stands for a customer whom the work is yet to make."""


class Locks:
    """Takes them inside a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Prepared(_locked(), Locked, database.dialect)
        self._hold = Prepared(_held(database.dialect), lambda sequence: sequence, database.dialect)

    def taken(self, customer: CustomerId) -> Statements[Locked]:
        """The customer, locked until the transaction ends."""
        (found,) = yield Sent(self._lock, {"customer": customer})
        audit = self._database.split.audit
        if customer == NO_CUSTOMER and audit is not None:
            # There is neither a row nor a head to lock.
            yield Sent(self._hold, {"topic": topic_of(audit), "lane": NO_CUSTOMER})
        locked: Locked = found
        return locked


def _held(dialect: Dialect) -> Any:
    """The lane of a topic, made if need be, locked until the transaction ends."""
    lane = outbox_lanes.c
    row = dialect.insert(outbox_lanes).values(
        topic=bindparam("topic", type_=lane.topic.type),
        lane=bindparam("lane", type_=lane.lane.type),
        sequence=literal_column("0"),
        attempts=literal_column("0"),
    )
    kept = row.on_conflict_do_update(index_elements=["topic", "lane"], set_={"attempts": lane.attempts})
    return kept.returning(lane.sequence)


def _locked() -> Any:
    """One row, whether or not the customer is known; both locks are taken by this statement, head and all."""
    who = bindparam("customer", type_=Uuid())
    always = select(literal_column("1").label("one")).subquery("always")
    columns = [customers.c[name] for name in ("customer_id", "membership", "processing", "version", "wrapped_key")]
    customer = select(*columns).where(customers.c.customer_id == who).with_for_update().subquery("customer")
    head = select(audit_heads).where(audit_heads.c.customer_id == who).with_for_update().subquery("head")
    joined = always.outerjoin(customer, true()).outerjoin(head, true())
    return select(*customer.c, head.c.sequence, head.c.hash).select_from(joined)
