"""The index of identifiers under a customer's lock: claimed by whoever is first, free again at once (inv-I1)."""

from collections.abc import Mapping

from sqlalchemy import bindparam

from datasources.profile_values import Identifier, Path
from datasources.profiles import LookupKind
from datasources.refusals import UserErrorCode
from datasources.sql.changes import Change
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.quarantine import Quarantine, Released
from datasources.sql.tables.profiles import identifiers
from datasources.sql.unit_of_work import Unit
from datasources.writing import Refusal

NAMES = {
    LookupKind.EMAIL.value: "e-mail address",
    LookupKind.PHONE.value: "telephone number",
    LookupKind.LOYALTY_NUMBER.value: "loyalty number",
    LookupKind.EXTERNAL_ID.value: "external id",
}
COLUMNS = identifiers.c

RELEASED = Change(
    lambda place: identifiers.delete().where(
        *(COLUMNS[name] == place.bind(name, COLUMNS[name].type) for name in ("kind", "system", "value", "customer_id"))
    )
)


class IdentifierIndex:
    """Claims identifiers for customers."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        row = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in COLUMNS}
        claim = dialect.insert(identifiers).values(row).on_conflict_do_nothing()
        self._claim = Prepared(claim.returning(dialect.gate(alone=False)), lambda gate: gate, dialect)
        self._quarantine = Quarantine(database)

    def claim(self, unit: Unit, claimed: Mapping[Identifier, Path]) -> Statements[Released]:
        """Make the identifiers the customer's, with the events that waited for them; of two who want one at once the second
        waits for the first.

        Always in the same order, so that no two wait for each other. Raises Refusal, at the path told with the identifier.
        """
        for one in sorted(claimed):
            row = {"new_kind": one.kind, "new_system": one.system, "new_value": one.value, "new_is_replaced": False}
            if not (yield Sent(self._claim, row | {"new_customer_id": unit.customer_id})):
                raise Refusal(
                    UserErrorCode.IDENTIFIER_TAKEN, f"Another customer has this {NAMES[one.kind]}.", *claimed[one]
                )
        return (yield from self._quarantine.release(unit, claimed))

    def release(self, unit: Unit, identifier: Identifier) -> None:
        """Have an identifier of the customer freed with the other changes."""
        unit.change(
            RELEASED,
            {
                "kind": identifier.kind,
                "system": identifier.system,
                "value": identifier.value,
                "customer_id": unit.customer_id,
            },
        )
