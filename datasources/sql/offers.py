"""Offers in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from datasources.ids import CustomerId, OwnedId
from datasources.offers import AvailableOfferRow, CustomerOfferRow, OfferRow
from datasources.offers import CustomerOfferState as State
from datasources.paging import Page, PageRequest, check_position
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database, Prepared
from datasources.sql.filters import among, holds
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows, pages_of_each
from datasources.sql.tables.offers import customer_offers, offer_exclusions, offers

ACTIVE = and_(offers.c.is_active, or_(offers.c.ends_at.is_(None), offers.c.ends_at > NOW))
"""Switched on, and not ended."""

STATE: ColumnElement[str] = case(
    (
        and_(
            or_(*(customer_offers.c.state == state.value for state in (State.ISSUED, State.ACTIVATED))),
            customer_offers.c.redeemable_until < NOW,
        ),
        literal(State.EXPIRED.value, String()),
    ),
    else_=customer_offers.c.state,
)
"""The state by the clock: what can't be redeemed any more has expired, before any job says so (inv-O5)."""


def _contains(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    """The value is a part of the name: taking it out changes the name, and no character of it is a wildcard."""
    column = offers.c.name_key
    return func.replace(column, bindparam(name, type_=String()), "") != column


OFFER = Rows(OfferRow, offers, columns={"is_active": ACTIVE})
OFFERS = Keyed(OFFER, key=("id",))
CATALOGUE = Paged(
    OFFER,
    order=("created_at", "id"),
    owner=None,
    filters={"is_active": holds(ACTIVE), "type": among(offers.c.type), "name_contains": _contains},
)

CUSTOMER_OFFER = Rows(
    CustomerOfferRow,
    customer_offers,
    columns={
        "state": STATE,
        "excluded_at": offer_exclusions.c.at,
        **{f"offer_{column.key}": column.element for column in OFFER.columns if column.key != "id"},
    },
    joined=(
        (offers, offers.c.id == customer_offers.c.offer_id),
        (
            offer_exclusions,
            and_(
                offer_exclusions.c.customer_id == customer_offers.c.customer_id,
                offer_exclusions.c.offer_id == customer_offers.c.offer_id,
            ),
        ),
    ),
)
HELD = Paged(CUSTOMER_OFFER, order=("issued_at", "id"), filters={"state": among(STATE)})
CUSTOMER_OFFERS = Keyed(CUSTOMER_OFFER)
OF_TRANSACTIONS = Keyed(
    CUSTOMER_OFFER,
    key=("customer_id", "transaction_id"),
    sorted_by=(customer_offers.c.issued_at, customer_offers.c.id),
)


def _available(*values: Any) -> AvailableOfferRow:
    return AvailableOfferRow(OFFER.make(*values[:-2]), *values[-2:])


class Available:
    """Active offers beside each customer: the page is the same for all, so it is read once a statement."""

    order = ("created_at", "id")

    def __init__(self) -> None:
        self._prepared: dict[tuple[str, bool, bool], Prepared[AvailableOfferRow]] = {}

    async def of_each(
        self, database: Database, customers: Sequence[CustomerId], page: PageRequest
    ) -> list[Page[AvailableOfferRow]]:
        """One page per customer, in the order given. Raises SourceUnavailable, SourceTimedOut, InvalidRequest."""
        dialect = database.dialect
        check_position(page.after, (dt.datetime, UUID), "after")
        shape = dialect.name, page.after is not None, page.want_total
        prepared = self._prepared.get(shape)
        if prepared is None:
            made = dialect.for_reading(
                self._select(dialect, is_behind=page.after is not None, is_counted=page.want_total)
            )
            prepared = self._prepared[shape] = Prepared(made, _available, dialect, leading=1 + page.want_total)
        parameters = dialect.bind_keys({"customer_id": customers}) | {"now": page.now, "limit": page.size + 1}
        parameters |= {f"after_{index}": value for index, value in enumerate(page.after or ())}
        return await pages_of_each(database, prepared, parameters, customers, page, self.order)

    def _select(self, dialect: Dialect, *, is_behind: bool, is_counted: bool) -> Select[Any]:
        """Position of the customer, total where wanted, then the offer, how often it is held, and since when barred."""
        keys, page = dialect.keys(customer_id=Uuid()), self._page(is_behind=is_behind)
        count = select(func.count()).select_from(offers).where(ACTIVE).scalar_subquery()
        barred = and_(offer_exclusions.c.customer_id == keys.c.customer_id, offer_exclusions.c.offer_id == page.c.id)
        return (
            select(
                keys.c.position,
                *([count.label("total")] if is_counted else []),
                *page.c,
                times_held(keys.c.customer_id, page.c.id),
                offer_exclusions.c.at,
            )
            .select_from(keys.outerjoin(page, true()).outerjoin(offer_exclusions, barred))
            .order_by(keys.c.position, page.c.created_at.desc(), page.c.id.desc())
        )

    def _page(self, *, is_behind: bool) -> FromClause:
        sort = offers.c.created_at, offers.c.id
        listed = select(*OFFER.columns).where(ACTIVE).order_by(*(column.desc() for column in sort))
        if is_behind:
            place = tuple_(*(bindparam(f"after_{index}", type_=column.type) for index, column in enumerate(sort)))
            listed = listed.where(tuple_(*sort) < place)
        return listed.limit(bindparam("limit", type_=BigInteger())).subquery("page")


def times_held(customer: ColumnElement[UUID], offer: ColumnElement[UUID]) -> ColumnElement[int]:
    """How often the offer was issued to the customer, but for what was revoked (inv-O2)."""
    counted = select(func.count()).where(
        customer_offers.c.customer_id == customer,
        customer_offers.c.offer_id == offer,
        customer_offers.c.state != State.REVOKED.value,
    )
    return counted.correlate_except(customer_offers).scalar_subquery().label("held")


AVAILABLE = Available()


class SqlOffers(SqlReader):
    """Serves `datasources.offers.OfferReader`."""

    domain: ClassVar[Domain] = Domain.OFFERS

    async def offers(self, ids: Sequence[UUID], now: dt.datetime) -> Sequence[OfferRow | None]:
        """See OfferReader."""
        return await OFFERS.one_each(self._database, ids, now=now)

    async def catalogue(self, page: PageRequest) -> Page[OfferRow]:
        """See OfferReader."""
        return await CATALOGUE.of_all(self._database, page)

    async def available(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[AvailableOfferRow]]:
        """See OfferReader."""
        return await AVAILABLE.of_each(self._database, customers, page)

    async def held(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerOfferRow]]:
        """See OfferReader."""
        return await HELD.of_each(self._database, customers, page)

    async def customer_offers(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CustomerOfferRow | None]:
        """See OfferReader."""
        return await CUSTOMER_OFFERS.one_each(self._database, keys, now=now)

    async def of_transactions(
        self, keys: Sequence[tuple[CustomerId, str]], now: dt.datetime
    ) -> Sequence[Sequence[CustomerOfferRow]]:
        """See OfferReader."""
        return await OF_TRANSACTIONS.all_each(self._database, keys, now=now)
