"""What is asked for: the keys of a call with all that templates need to know of each, and of what they share."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from datasources.http.endpoints import FILTER, Endpoint
from datasources.http.identities import Identities, Identity, compared
from datasources.http.ids import is_hashed, text_of
from datasources.http.lists import attribute_of
from datasources.http.methods import Key
from datasources.http.templates import Values
from datasources.ids import CustomerId
from datasources.paging import PageRequest
from datasources.values import GeoPoint


class Want(msgspec.Struct, frozen=True):
    """One key: whose it is, what they are known by, and the values that it puts into the call."""

    key: Any  # of the method
    customer: CustomerId | None
    identity: Identity
    own: Values

    @property
    def values(self) -> dict[str, Any]:
        """All that differs from key to key."""
        return {**self.identity, **self.own}

    @property
    def id(self) -> UUID | None:
        """The id in the key."""
        found = self.key[1] if isinstance(self.key, tuple) else self.key
        return found if isinstance(found, UUID) else None

    @property
    def is_hashed(self) -> bool:
        """True where the key's id is not one that the other system knows: only its hash is known."""
        return self.id is not None and is_hashed(self.id)

    def is_complete(self, names: frozenset[str]) -> bool:
        """True where nothing of this is missing: without an external id a system does not know the customer."""
        values = self.values
        return all(values.get(name) is not None for name in names)

    def is_owner(self, identifier: str, told: str | None) -> bool:
        """True where an answer names this customer."""
        known = self.identity.get(identifier)
        return known is not None and told is not None and compared(identifier, told) == compared(identifier, known)


async def wants_of(endpoint: Endpoint, keys: Sequence[Any], identities: Identities) -> list[Want]:
    """The keys with what is known of their customers, read at once. Raises SourceUnavailable, SourceTimedOut."""
    kind = endpoint.method.key
    customers = {key: _customer(kind, key) for key in keys}
    distinct = list(dict.fromkeys(customer for customer in customers.values() if customer is not None))
    known: Mapping[CustomerId, Identity] = {}
    if endpoint.identifiers and distinct:
        known = await identities.of(distinct, endpoint.identifiers)
    nobody: Identity = {}
    return [
        Want(key, customer, nobody if customer is None else known.get(customer, nobody), _own(kind, key))
        for key, customer in customers.items()
    ]


def shared_values(endpoint: Endpoint, shared: Mapping[str, Any]) -> dict[str, Any]:
    """The values of what all keys are asked for with: a clock, a window, the filter of a list."""
    page = shared.get("page")
    values = {name: value for name, value in shared.items() if name != "page"}
    if isinstance(page, PageRequest):
        values["now"] = page.now
        values |= {name: _asked(endpoint, name, page) for name in endpoint.names if name.startswith(FILTER)}
    return values


def _customer(kind: Key, key: Any) -> CustomerId | None:
    if kind is Key.CUSTOMER:
        customer: CustomerId = key
        return customer
    return key[0] if kind in (Key.OWNED, Key.NAMED) else None


def _own(kind: Key, key: Any) -> Values:
    match kind:
        case Key.OWNED:
            return {"id": text_of(key[1])}
        case Key.NAMED:
            return {"key": key[1]}
        case Key.ID:
            return {"id": text_of(key)}
        case Key.TEXT:
            return {"key": key}
        case Key.POINT:
            assert isinstance(key, GeoPoint)  # noqa: S101  # the contract of the reader
            return {"latitude": key.latitude, "longitude": key.longitude}
    return {}


def _asked(endpoint: Endpoint, name: str, page: PageRequest) -> Any:
    """What the filter asks for, in the other system's words; None where it does not ask."""
    _, *parts = name.split(".")
    found: Any = page.filter
    for part in parts:
        found = getattr(found, part, None)
    told = attribute_of(endpoint.method.row, parts[0])
    attribute = None if told is None else endpoint.rows.attributes.get(told)
    if attribute is None or attribute.words is None or found is None:
        return found
    several = found if isinstance(found, tuple) else (found,)
    words = [word for one in several for word in attribute.spelled(one.value if isinstance(one, Enum) else str(one))]
    return words or None
