"""Customers in SQL: by key, by identifier, and the member list."""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

from sqlalchemy import ColumnElement, String, Uuid, and_, bindparam, exists, or_, select, union_all

from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.profiles import (
    ConsentRow,
    CustomerOrder,
    CustomerOrderField,
    CustomerRow,
    Match,
    Named,
    OrderDirection,
    PlaceRow,
    Within,
)
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.filters import Condition, among, begins, equal
from datasources.sql.matching import customers_named
from datasources.sql.reach import reach_of
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.profiles import consents, customer_places, customers, identifiers
from datasources.sql.tables.segments import segment_members
from datasources.sql.tables.tags import customer_tags

CUSTOMER = Rows(CustomerRow, customers, columns={"membership_state": customers.c.membership}, kept=("wrapped_key",))


REACH = reach_of(customers.c.customer_id)
"""Who exists for the caller, by the attributes of `Within`."""


def _named(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    """Own id, support id or external id is the value (B8): three look-ups by index, whatever the rest of the filter."""
    own, support_id, external_id = (
        bindparam(f"{name}_{part}", type_=type_)
        for part, type_ in (("uuid", Uuid()), ("support_id", String()), ("external_id", String()))
    )
    external = select(identifiers.c.customer_id).where(
        identifiers.c.kind == "EXTERNAL_ID", identifiers.c.value == external_id
    )
    same = customers.alias("same")
    known = select(same.c.customer_id).where(or_(same.c.customer_id == own, same.c.support_id == support_id))
    return customers.c.customer_id.in_(union_all(known, external))


def _in_segment(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    return exists().where(
        segment_members.c.customer_id == customers.c.customer_id,
        segment_members.c.segment_id == bindparam(name, type_=segment_members.c.segment_id.type),
    )


def _tagged(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    """Has the tag, with the value where one is given."""
    value = bindparam(f"{name}_value", type_=String())
    return exists().where(
        customer_tags.c.customer_id == customers.c.customer_id,
        customer_tags.c.key == bindparam(f"{name}_key", type_=String()),
        or_(value.is_(None), and_(customer_tags.c.value_key == value, value != "")),
    )


FILTERS: dict[str, Condition] = REACH | {
    "first_name": begins(customers.c.first_name_key),
    "last_name": begins(customers.c.last_name_key),
    "email": equal(customers.c.email_key),
    "phone": equal(customers.c.phone_key),
    "customer_id": _named,
    "date_of_birth": equal(customers.c.date_of_birth),
    "status_keys": among(customers.c.status_key),
    "segment_id": _in_segment,
    "tag": _tagged,
    "location_id": equal(customers.c.favorite_location_id),
    "is_test_persona": equal(customers.c.is_test_persona),
    "states": among(customers.c.membership),
}

ORDERS = {
    CustomerOrderField.LAST_NAME: ("last_name_key", "first_name_key", "customer_id"),
    CustomerOrderField.FIRST_NAME: ("first_name_key", "customer_id"),
    CustomerOrderField.PHONE: ("phone_key", "customer_id"),
    CustomerOrderField.EMAIL: ("email_key", "customer_id"),
    CustomerOrderField.CREATED_AT: ("created_at", "customer_id"),
    CustomerOrderField.LAST_ACTIVE_AT: ("active_key", "customer_id"),
}
"""A missing value sorts behind every other: last going up, first going down."""

BY_ID = Keyed(CUSTOMER, key=("customer_id",), filters=REACH)
BY_SUPPORT_ID = Keyed(CUSTOMER, key=("support_id",), filters=REACH)

MATCH = Rows(Match, identifiers)
MATCHES = Keyed(MATCH, key=("value",), sorted_by=(identifiers.c.kind, identifiers.c.system))
BY_EXTERNAL_ID = Keyed(MATCH, key=("system", "value"), where=(identifiers.c.kind == "EXTERNAL_ID",))

CONSENT = Rows(ConsentRow, consents)
CONSENTS = Keyed(CONSENT, key=("customer_id",), sorted_by=(consents.c.channel, consents.c.purpose))
PLACES = Keyed(
    Rows(PlaceRow, customer_places),
    key=("customer_id",),
    sorted_by=(customer_places.c.relation, customer_places.c.location_id),
)


@cache
def _ordered(order: CustomerOrder) -> Paged[CustomerRow]:
    """The member list in an order."""
    return Paged(
        CUSTOMER,
        order=ORDERS[order.field],
        descending=order.direction is OrderDirection.DESC,
        owner=None,
        filters=FILTERS,
    )


class SqlProfiles(SqlReader):
    """Serves `datasources.profiles.ProfileReader`."""

    domain: ClassVar[Domain] = Domain.PROFILES

    async def customers(
        self, ids: Sequence[CustomerId], within: Within, columns: frozenset[str] | None = None
    ) -> Sequence[CustomerRow | None]:
        """See ProfileReader."""
        reading = BY_ID.one_each(self._database, ids, within, columns)
        if len(ids) == 1:
            return self._known(await reading)
        # What they have is read beside them, and may be there before them.
        with self._database.keyring.expecting(ids):
            return self._known(await reading)

    async def by_support_id(self, ids: Sequence[str], within: Within) -> Sequence[CustomerRow | None]:
        """See ProfileReader."""
        return self._known(await BY_SUPPORT_ID.one_each(self._database, ids, within))

    async def matches(self, values: Sequence[str]) -> Sequence[Sequence[Match]]:
        """See ProfileReader."""
        return await MATCHES.all_each(self._database, values)

    async def by_external_id(self, ids: Sequence[tuple[str, str]]) -> Sequence[Match | None]:
        """See ProfileReader."""
        return await BY_EXTERNAL_ID.one_each(self._database, ids)

    async def named(self, names: Sequence[Named], within: Within) -> Sequence[CustomerId | None]:
        """See ProfileReader."""
        return await customers_named(self._database, names, within)

    async def search(self, page: PageRequest, within: Within) -> Page[CustomerRow]:
        """See ProfileReader."""
        assert isinstance(page.order, CustomerOrder)  # noqa: S101  # the contract of the reader
        found = await _ordered(page.order).of_all(self._database, page, within)
        self._known(found.rows)
        return found

    async def consents(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[ConsentRow]]:
        """See ProfileReader."""
        return await CONSENTS.all_each(self._database, customers)

    async def places(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[PlaceRow]]:
        """See ProfileReader."""
        return await PLACES.all_each(self._database, customers)

    def _known(self, rows: Sequence[CustomerRow | None]) -> Sequence[CustomerRow | None]:
        """The rows; the keys that came with them open the customers' texts in the other domains."""
        for row in rows:
            if row is not None:
                self._database.keyring.learn(row.customer_id, row.wrapped_key)
        return rows
