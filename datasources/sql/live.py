"""A customer's state as the profiles' database has it now, for writes of another one, which is told of it a little later."""

import asyncio

import msgspec
from sqlalchemy import Uuid, bindparam, select

from datasources.errors import SourceError
from datasources.ids import NO_CUSTOMER, CustomerId
from datasources.sql.engine import Database, Prepared
from datasources.sql.tables.profiles import customers

ANSWERED_S = 1.0


class State(msgspec.Struct, frozen=True):
    """How a customer may be dealt with, and their key."""

    membership: str
    processing: str
    version: int
    wrapped_key: bytes | None


class Live(msgspec.Struct, frozen=True):
    """What was found. `is_current` is False where it could not be asked, `is_known` where there is no such customer.

    `state` is None where the database that writes has it itself.
    """

    is_current: bool = True
    is_known: bool = True
    state: State | None = None


OWN = Live()


class LiveStates:
    """Asks the profiles' database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prepared: Prepared[State] | None = None

    async def of(self, customer: CustomerId | None) -> Live:
        """The state right before the write: whatever was changed before is seen."""
        profiles = self._database.split.profiles
        if profiles is None or customer in (None, NO_CUSTOMER):
            return OWN
        if self._prepared is None:
            columns = [customers.c[name] for name in State.__struct_fields__]
            statement = select(*columns).where(customers.c.customer_id == bindparam("customer", type_=Uuid()))
            self._prepared = Prepared(statement, State, profiles.dialect)
        try:
            async with asyncio.timeout(ANSWERED_S):
                found = await profiles.fetch(self._prepared, {"customer": customer})
        except (SourceError, TimeoutError):
            return Live(is_current=False)
        return Live(state=found[0][0]) if found else Live(is_known=False)
