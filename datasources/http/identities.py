"""By what another system knows a customer: identifiers that the profiles keep, read for all customers of a call at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from datasources.folding import card_key, email_key
from datasources.ids import CustomerId
from datasources.profiles import CustomerRow, LookupKind, Named, ProfileReader, Within

EXTERNAL = "external_id:"
PLAIN = ("customer_id", "support_id", "email", "phone", "loyalty_number")
NAME = re.compile(f"{'|'.join(PLAIN)}|{EXTERNAL}.+")

KINDS: Mapping[str, LookupKind] = {
    "email": LookupKind.EMAIL,
    "phone": LookupKind.PHONE,
    "loyalty_number": LookupKind.LOYALTY_NUMBER,
}
"""The identifiers that a customer is found by in the profiles' index."""

Identity = Mapping[str, str | None]
"""What a customer is known by, by the name that a template has for it; None for what they have not."""
EVERYBODY = Within()


def is_identifier(name: str) -> bool:
    """True for the name of an identifier of customers."""
    return NAME.fullmatch(name) is not None


class Identities:
    """What the profiles know of customers. Raises SourceUnavailable, SourceTimedOut."""

    def __init__(self, profiles: ProfileReader) -> None:
        self._profiles = profiles

    async def of(self, customers: Sequence[CustomerId], names: Collection[str]) -> Mapping[CustomerId, Identity]:
        """The identifiers of these names of each customer; one who is not there has none."""
        if not customers or set(names) <= {"customer_id"}:
            return {customer: {"customer_id": str(customer)} for customer in customers}
        rows = await self._profiles.customers(customers, EVERYBODY)
        return {
            customer: {} if row is None else {name: _identifier(row, name) for name in names}
            for customer, row in zip(customers, rows, strict=True)
        }

    async def owner(self, name: str, value: str) -> CustomerId | None:
        """The customer who has the identifier."""
        if name == "support_id":
            (row,) = await self._profiles.by_support_id([value], EVERYBODY)
            return None if row is None else row.customer_id
        named = _named(name, value)
        if named is None:
            return None
        (found,) = await self._profiles.named([named], EVERYBODY)
        return found


def compared(name: str, value: str) -> str:
    """An identifier as it is compared."""
    if name == "email":
        return email_key(value)
    return card_key(value) if name == "loyalty_number" else value


def _identifier(row: CustomerRow, name: str) -> str | None:
    if name == "customer_id":
        return str(row.customer_id)
    if name.startswith(EXTERNAL):
        system = name.removeprefix(EXTERNAL)
        return next((known.value for known in row.external_ids if known.system == system), None)
    found: Any = getattr(row, name)
    return found or None


def _named(name: str, value: str) -> Named | None:
    """The identifier as the index has it; None where it can be nobody's."""
    if name.startswith(EXTERNAL):
        return Named(None, LookupKind.EXTERNAL_ID, name.removeprefix(EXTERNAL), value)
    if name in KINDS:
        return Named(None, KINDS[name], "", compared(name, value))
    try:
        return Named(UUID(value))
    except ValueError:
        return None
