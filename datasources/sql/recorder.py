"""Changes that another system makes, recorded in the database of the audit log: the unit of work in two transactions.

The first says whether the change may be made and is rolled back; the other system makes it, under a key of its own; the
second stores key, audit entry and event. Whatever ends in between leaves nothing here, so the same key asks the other
system again, which repeats what it did, and the second transaction is carried out once.
"""

from typing import ClassVar

import msgspec

from datasources.ids import CustomerId
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.approving import Adjusted, Allowances
from datasources.sql.engine import Database, Statements
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.surroundings import Limited, Record, Standing
from datasources.writing import Refusal, Write, Written


class SqlRecorder(SqlWriter):
    """Serves `datasources.surroundings.Recorder`."""

    domain: ClassVar[Domain] = Domain.AUDIT

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._allowances = Allowances(database)

    async def admit(self, write: Write, customer: CustomerId, standing: Standing) -> Written[None] | None:
        """See Recorder."""
        tried = msgspec.structs.replace(write, dry_run=True)
        found = await self.carry_out(tried, customer, (), lambda unit: self._admitted(unit, standing))
        return found if found.replayed else None

    async def record(self, write: Write, customer: CustomerId, standing: Standing, record: Record) -> Written[None]:
        """See Recorder."""
        return await self.carry_out(write, customer, (), lambda unit: self._recorded(unit, standing, record))

    def _admitted(self, unit: Unit, standing: Standing) -> Statements[None]:
        unit.check_standing(grants=standing.grants)
        if standing.limited is not None and (yield from self._allowances.exceeded(unit, _adjusted(standing.limited))):
            raise Refusal(
                UserErrorCode.LIMIT_EXCEEDED,
                "This is beyond your limit, and can't wait for a second person here: ask someone who may do it.",
            )

    def _recorded(self, unit: Unit, standing: Standing, record: Record) -> Statements[None]:
        # Whether the limit was reached meanwhile changes nothing any more: it was done.
        if standing.limited is not None:
            yield from self._allowances.exceeded(unit, _adjusted(standing.limited))
        for name, id_ in record.made.items():
            unit.make(name, id_)
        for happened in record.happened:
            unit.record(happened)
        unit.audit(record.summary, record.changes)


def _adjusted(limited: Limited) -> Adjusted:
    return Adjusted(limited.operation, limited.amount_minor, limited.currency)
