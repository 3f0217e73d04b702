"""The chains of the audit log followed from their first entry to their heads, in memory that does not grow with them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Uuid,
    bindparam,
    exists,
    select,
    tuple_,
    type_coerce,
)

from datasources.audit_chain import CHAINED, Head, Link, Walk, Walked
from datasources.sql.engine import Database, Prepared
from datasources.sql.tables.audit import audit_entries, audit_heads
from datasources.sql.types import Sealed

PAGE = 500


class Position(msgspec.Struct, frozen=True):
    """A place in the order of all chains; the default lies before all of them."""

    customer_id: UUID = UUID(int=0)
    sequence: int = -(2**63)


async def chains(database: Database, customer: UUID | None = None) -> AsyncIterator[Walked]:
    """Every chain of the database, or that of one customer. Raises SourceUnavailable, SourceTimedOut.

    A page of entries is read in one statement together with the heads as they then were, so that what is written
    meanwhile breaks nothing.
    """
    walk: Walk | None = None
    async for link in _pages(database, Prepared(_entries(customer), _link, database.dialect), customer):
        if walk is None or walk.customer_id != link.customer_id:
            if walk is not None:
                yield walk.ended()
            walk = Walk(link.customer_id)
        walk.follow(link)
    if walk is not None:
        yield walk.ended()
    async for bare in _pages(database, Prepared(_bare_heads(customer), Position, database.dialect), customer):
        yield Walked(bare.customer_id, 0, broken_at=1)


async def _pages(database: Database, prepared: Prepared[Any], customer: UUID | None) -> AsyncIterator[Any]:
    """The rows of a statement, read page by page behind the last one."""
    last: Any = Position()
    while True:
        parameters = {"customer": customer, "limit": PAGE, "whose": last.customer_id, "number": last.sequence}
        found = await database.fetch(prepared, parameters)
        for (last,) in found:
            yield last
        if len(found) < PAGE:
            return


def _entries(customer: UUID | None) -> Select[Any]:
    """The entries, each with the head of its chain beside it, null where that is gone."""
    entry, head = audit_entries.c, audit_heads.c
    beside = [head.sequence.label("head_sequence"), _stored(head.hash).label("head_hash")]
    chained = [_stored(entry[name]) for name in CHAINED]
    joined = audit_entries.outerjoin(audit_heads, head.customer_id == entry.customer_id)
    return _page(select(_stored(entry.hash), *beside, *chained).select_from(joined), audit_entries, customer)


def _bare_heads(customer: UUID | None) -> Select[Any]:
    """Heads that tell of entries where there are none."""
    head = audit_heads.c
    bare = select(head.customer_id, head.sequence).where(
        ~exists().where(audit_entries.c.customer_id == head.customer_id)
    )
    return _page(bare, audit_heads, customer)


def _page(statement: Select[Any], table: Table, customer: UUID | None) -> Select[Any]:
    """The next rows of it behind a position, those of one customer where one is given."""
    after = tuple_(bindparam("whose", type_=Uuid()), bindparam("number", type_=BigInteger()))
    place = table.c.customer_id, table.c.sequence
    if customer is not None:
        statement = statement.where(table.c.customer_id == bindparam("customer", type_=Uuid()))
    return statement.where(tuple_(*place) > after).order_by(*place).limit(bindparam("limit", type_=BigInteger()))


def _stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as it is stored: the chain covers the ciphertext, and no key is needed to follow it."""
    return type_coerce(column, LargeBinary()).label(column.key) if isinstance(column.type, Sealed) else column


def _link(hash_: bytes, head_sequence: int | None, head_hash: bytes | None, *values: Any) -> Link:
    head = None if head_sequence is None or head_hash is None else Head(head_sequence, head_hash)
    given = dict(zip(CHAINED, values, strict=True))
    return Link(given["customer_id"], given["sequence"], hash_, values, head)
