"""The index of identifiers where it is a copy of another database's: a customer's part of it, made what it is there."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Uuid, bindparam, select

from datasources.ids import CustomerId
from datasources.profile_values import Identifier
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.quarantine import Quarantine
from datasources.sql.tables.profiles import identifiers
from datasources.sql.unit_of_work import Unit

COLUMNS = identifiers.c


class Held(msgspec.Struct, frozen=True):
    """An identifier that a customer has; of a card that was replaced it is kept so."""

    kind: str
    system: str
    value: str
    is_replaced: bool

    @property
    def identifier(self) -> Identifier:
        """Its place in the index."""
        return Identifier(self.kind, self.system, self.value)


class IdentifierCopies:
    """Reads a customer's identifiers, and copies them."""

    def __init__(self, database: Database) -> None:
        self._database, dialect = database, database.dialect
        own = select(*(COLUMNS[name] for name in Held.__struct_fields__)).where(
            COLUMNS.customer_id == bindparam("customer", type_=Uuid()), dialect.any_of(COLUMNS.kind, "kinds")
        )
        self._own = Prepared(own.order_by(COLUMNS.kind, COLUMNS.system, COLUMNS.value), Held, dialect)
        row = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in COLUMNS}
        claim = dialect.insert(identifiers).values(row).on_conflict_do_nothing()
        self._claim = Prepared(claim.returning(dialect.gate(alone=False)), lambda gate: gate, dialect)
        self._quarantine = Quarantine(database)

    async def read(self, customer: CustomerId, kinds: Collection[str]) -> Sequence[Held]:
        """Those of the customer that are of these kinds. Raises SourceUnavailable, SourceTimedOut."""
        asked = {"customer": customer, "kinds": self._database.dialect.bind_list(list(kinds))}
        return [held for (held,) in await self._database.fetch(self._own, asked)]

    def replace(self, unit: Unit, kinds: Collection[str], wanted: Sequence[Held]) -> Statements[bool]:
        """Make these the customer's, with the events that waited for them, and free all others of these kinds.

        False where another customer still has one: it is theirs until it is told that they gave it up.
        """
        asked = {"customer": unit.customer_id, "kinds": self._database.dialect.bind_list(list(kinds))}
        own: list[Held] = yield Sent(self._own, asked)
        for one in own:
            if one not in wanted:
                unit.change(FREED, _named(unit, one))
        yield from unit.flush()
        claimed, is_whole = [], True
        for one in sorted(wanted, key=lambda held: held.identifier):
            if one in own:
                continue
            row = {f"new_{name}": value for name, value in msgspec.structs.asdict(one).items()}
            if (yield Sent(self._claim, row | {"new_customer_id": unit.customer_id})):
                claimed.append(one.identifier)
            else:
                is_whole = False
        yield from self._quarantine.release(unit, claimed)
        return is_whole


def _named(unit: Unit, held: Held) -> dict[str, Any]:
    return {"customer_id": unit.customer_id, "kind": held.kind, "system": held.system, "value": held.value}


def _freed(place: Place) -> Any:
    named = ("kind", "system", "value", "customer_id")
    return identifiers.delete().where(*(COLUMNS[name] == place.bind(name, COLUMNS[name].type) for name in named))


FREED = Change(_freed)
