"""What rows refer to: customers, purchases and the keys of catalogues, those of the database and those being loaded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.ids import CustomerId
from datasources.program import ProgramSettings
from datasources.sql.sealing import CustomerKey, MasterKey
from datasources.sql.tables.campaigns import campaigns
from datasources.sql.tables.locations import locations
from datasources.sql.tables.offers import offers
from datasources.sql.tables.profiles import customers, identifiers
from datasources.sql.tables.promo_codes import promo_codes
from datasources.sql.tables.segments import segments
from datasources.sql.tables.transactions import transactions

from .problems import BadValue
from .shapes import Values

CHUNK = 500
"""How many values one statement looks for."""
CATALOGUES = {
    "campaign": (campaigns.c.key, campaigns.c.id, campaigns.c.starts_at),
    "code": (promo_codes.c.code, promo_codes.c.id, promo_codes.c.campaign_name),
    "location": (locations.c.store_id, locations.c.id, locations.c.name),
    "offer": (offers.c.key, offers.c.id, offers.c.name),
    "segment": (segments.c.key, segments.c.id, segments.c.name),
}
"""The key that rows refer by, the id behind it, and what else is needed of it."""
REFERENCES = {name: name for name in CATALOGUES} | {"favorite_location": "location"}
"""The properties that refer to a catalogue."""

T = TypeVar("T")


class Person(msgspec.Struct, frozen=True):
    """A customer as rows refer to one; without a key once forgotten."""

    id: CustomerId
    wrapped_key: bytes | None


class Thing(msgspec.Struct, frozen=True):
    """An entry of a catalogue."""

    id: UUID
    told: object = None


class Book:
    """Answers what a reference stands for."""

    def __init__(self, connection: AsyncConnection, settings: ProgramSettings, master_key: bytes) -> None:
        self._connection = connection
        self.settings = settings
        self.keys = known_keys(settings)
        self.master_key = master_key
        self._master = MasterKey(master_key)
        self._people: dict[str, Person] = {}
        self._things: dict[tuple[str, str], Thing] = {}
        self._purchases: dict[tuple[CustomerId, str], UUID] = {}
        self.key_of = lru_cache(maxsize=4096)(self._key_of)

    async def open(self) -> None:
        """Reads the catalogues."""
        for name, (key, id_, told) in CATALOGUES.items():
            for row in (await self._connection.execute(select(key, id_, told).where(key.is_not(None)))).all():
                self._things[name, row[0]] = Thing(row[1], row[2])

    def new_person(self, id: CustomerId, names: Iterable[str]) -> Person:
        """A customer with a new key, known by these names from now on."""
        person = Person(id, self._master.new_wrapped(id))
        self._people.update(dict.fromkeys(names, person))
        return person

    def add(self, catalogue: str, key: str, thing: Thing) -> None:
        """One more entry of a catalogue."""
        self._things[catalogue, key] = thing

    def add_purchase(self, customer: CustomerId, external_id: str, id: UUID) -> None:
        """One more purchase."""
        self._purchases[customer, external_id] = id

    def person(self, values: Values) -> Person:
        """Whom the row belongs to. Raises BadValue."""
        found = self._people.get(values["customer"])
        if found is None:
            raise BadValue("is no known customer", "customer")
        if found.wrapped_key is None:
            raise BadValue("is a customer whose data was removed for good", "customer")
        return found

    def thing(self, catalogue: str, key: str, *path: str | int) -> Thing:
        """What a key of a catalogue stands for. Raises BadValue."""
        found = self._things.get((catalogue, key))
        if found is None:
            raise BadValue(f"is no known {catalogue}", *path)
        return found

    def purchase(self, customer: CustomerId, external_id: str) -> UUID:
        """A customer's purchase. Raises BadValue."""
        found = self._purchases.get((customer, external_id))
        if found is None:
            raise BadValue("is no known purchase of the customer", "transaction")
        return found

    async def meet(self, rows: Sequence[Values]) -> None:
        """Finds out who the customers of these rows are, and the purchases that the rows name."""
        missing = {values["customer"] for values in rows if "customer" in values} - self._people.keys()
        for names in chunks(sorted(missing)):
            await self._find_people(names)
        wanted = {
            (self._people[values["customer"]].id, values["transaction"])
            for values in rows
            if "transaction" in values and values["customer"] in self._people
        }
        for keys in chunks(sorted(wanted - self._purchases.keys())):
            await self._find_purchases(keys)

    async def _find_people(self, names: Sequence[str]) -> None:
        columns = (customers.c.customer_id, customers.c.wrapped_key)
        systems = [tuple(name.split(":", 1)) for name in names if ":" in name]
        by_id = select(identifiers.c.system, identifiers.c.value, *columns).join(
            customers, customers.c.customer_id == identifiers.c.customer_id
        )
        external = tuple_(identifiers.c.system, identifiers.c.value).in_(systems)
        by_id = by_id.where(identifiers.c.kind == "EXTERNAL_ID", external)
        for system, value, id_, key in (await self._connection.execute(by_id)).all() if systems else ():
            self._people[f"{system}:{value}"] = Person(id_, key)
        by_support_id = select(customers.c.support_id, *columns).where(customers.c.support_id.in_(names))
        for name, id_, key in (await self._connection.execute(by_support_id)).all():
            self._people[name] = Person(id_, key)

    async def _find_purchases(self, keys: Sequence[tuple[CustomerId, str]]) -> None:
        columns = (transactions.c.customer_id, transactions.c.external_id)
        found = select(*columns, transactions.c.id).where(tuple_(*columns).in_(keys))
        for customer, external_id, id_ in (await self._connection.execute(found)).all():
            self._purchases[customer, external_id] = id_

    def _key_of(self, person: Person) -> CustomerKey:
        if person.wrapped_key is None:
            raise KeyError("a customer without a key")
        return self._master.unwrap(person.id, person.wrapped_key)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists of at most `CHUNK`."""
    rest = iter(values)
    while found := list(islice(rest, CHUNK)):
        yield found


def known_keys(settings: ProgramSettings) -> Mapping[tuple[str, str], frozenset[str]]:
    """The program's keys that a property may hold, by domain (any: '') and property."""
    reasons = frozenset(reason.key for reason in settings.reasons)
    return {
        ("profiles", "status_key"): frozenset(status.key for status in settings.customer_statuses),
        ("profiles", "block_reason"): reasons,
        ("points", "account"): frozenset(account.key for account in settings.point_accounts),
        ("points", "source"): frozenset(source.key for source in settings.point_sources),
        ("events", "type"): frozenset(event_type.key for event_type in settings.event_types),
        ("tiers", "system"): frozenset(system.key for system in settings.tier_systems),
        ("notes", "reason_key"): frozenset(reason.key for reason in settings.note_reasons),
        ("", "reason_code"): reasons,
    }
