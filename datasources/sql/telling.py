"""What is told of a customer beyond the messages themselves: the state that they say has changed, as it is when it is told."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Select, Uuid, bindparam, literal_column, select

from datasources.cards import LoyaltyCardStatus
from datasources.ids import CustomerId
from datasources.profiles import LookupKind
from datasources.registry import Domain
from datasources.relaying import Taken
from datasources.sql.copies import Copies, Values
from datasources.sql.engine import Database, Prepared
from datasources.sql.guards import Guard
from datasources.sql.identifier_copies import Held, IdentifierCopies
from datasources.sql.news import News
from datasources.sql.tables.cards import loyalty_cards
from datasources.sql.tables.profiles import customer_places, customers
from datasources.sql.tables.segments import segment_members
from datasources.sql.tables.tags import customer_tags

LOYALTY = LookupKind.LOYALTY_NUMBER.value
PLACES, TAGS, SEGMENTS = Copies(customer_places), Copies(customer_tags), Copies(segment_members)


class Customer(msgspec.Struct, frozen=True):
    """How a customer may be dealt with, where they belong, and what they are found by; None where that is not to be told."""

    guard: Guard
    places: Sequence[Values]
    identifiers: Sequence[Held] | None


class Loyalty(msgspec.Struct, frozen=True):
    """The numbers of a customer's loyalty cards, and the one that they go by."""

    shown: str | None
    identifiers: Sequence[Held]


class State(msgspec.Struct, frozen=True):
    """What of a customer changed; None where it did not."""

    customer: Customer | None = None
    loyalty: Loyalty | None = None
    tags: Sequence[Values] | None = None
    segments: Sequence[Values] | None = None


def kinds_told(told: Database) -> tuple[str, ...]:
    """The kinds of identifiers that a database has from the profiles': what it gives out itself it knows best."""
    keeps_cards = Domain.CARDS not in told.split.elsewhere
    return tuple(kind.value for kind in LookupKind if not (keeps_cards and kind.value == LOYALTY))


class Telling:
    """Reads one database's customers for another one."""

    def __init__(self, origin: Database, told: Database) -> None:
        self._origin, self._told = origin, told
        self._guard = Prepared(_of_customer(*Guard.__struct_fields__), Guard, origin.dialect)
        self._shown = Prepared(_in_use(), lambda number: number, origin.dialect)
        self._identifiers = IdentifierCopies(origin)

    async def state(self, customer: CustomerId, taken: Taken) -> State:
        """All that is to be told now. Raises SourceUnavailable, SourceTimedOut."""
        news, origin = {message.kind for message in taken.messages}, self._origin
        return State(
            customer=await self._customer(customer) if News.CUSTOMER.value in news else None,
            loyalty=await self._loyalty(customer) if News.LOYALTY.value in news else None,
            tags=await TAGS.read(origin, customer) if News.TAGS.value in news else None,
            segments=await SEGMENTS.read(origin, customer) if News.SEGMENTS.value in news else None,
        )

    async def _customer(self, customer: CustomerId) -> Customer | None:
        found = await self._origin.fetch(self._guard, {"customer": customer})
        if not found:
            return None
        places = await PLACES.read(self._origin, customer)
        matches = self._origin.split.events is self._told
        kinds = kinds_told(self._told)
        return Customer(found[0][0], places, await self._identifiers.read(customer, kinds) if matches else None)

    async def _loyalty(self, customer: CustomerId) -> Loyalty:
        found = await self._origin.fetch(self._shown, {"customer": customer})
        return Loyalty(found[0][0] if found else None, await self._identifiers.read(customer, (LOYALTY,)))


def _of_customer(*names: str) -> Select[tuple[object, ...]]:
    own = customers.c
    return select(*(own[name] for name in names)).where(own.customer_id == bindparam("customer", type_=Uuid()))


def _in_use() -> Select[tuple[object, ...]]:
    """The number of the card in use that was issued last."""
    own = loyalty_cards.c
    whose = own.customer_id == bindparam("customer", type_=Uuid())
    in_use = own.status == literal_column(f"'{LoyaltyCardStatus.ACTIVE.value}'")
    return select(own.number).where(whose, in_use).order_by(own.issued_at.desc(), own.id.desc()).limit(1)
