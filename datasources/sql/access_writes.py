"""Access written in SQL: what lets a customer in again is posted with it, and sent once it is committed."""

from typing import ClassVar

from datasources.access import (
    Means,
    SessionShown,
    address_refusal,
    check_sent,
    check_signs,
    session_refusal,
)
from datasources.audit import AuditChange
from datasources.ids import CustomerId, new_id
from datasources.notifying import TOPIC, Template, address_of
from datasources.profile_writing import CustomerShown
from datasources.profiles import CustomerRow
from datasources.registry import Domain
from datasources.sql.changes import updated
from datasources.sql.engine import Database, Statements
from datasources.sql.posting import Message
from datasources.sql.profile_rows import VERSION, ProfileRows, tell
from datasources.sql.tables.profiles import customers
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.writing import Write, Written

UNVERIFIED = updated(customers, "phone_verified_at", *VERSION)
Shown = CustomerShown | None


class SqlAccessWrites(SqlWriter):
    """Serves `datasources.access.AccessWriter`."""

    domain: ClassVar[Domain] = Domain.PROFILES

    def __init__(self, database: Database, means: Means) -> None:
        super().__init__(database)
        self._means, self._rows = means, ProfileRows(database)

    async def reset_sms(self, write: Write, customer: CustomerId) -> Written[Shown]:
        """See AccessWriter."""
        return await self._posting(write, customer, Template.PHONE_VERIFICATION)

    async def send_reset(self, write: Write, customer: CustomerId) -> Written[Shown]:
        """See AccessWriter."""
        return await self._posting(write, customer, Template.PASSWORD_RESET)

    async def open_session(self, write: Write, customer: CustomerId) -> Written[SessionShown]:
        """See AccessWriter."""
        return await self.carry_out(write, customer, ("session",), self._opened)

    async def _posting(self, write: Write, customer: CustomerId, template: Template) -> Written[Shown]:
        written = await self.carry_out(write, customer, (), lambda unit: self._posted(unit, template))
        # Committed by now, so that it can be found.
        self.database.bell.ring()
        return written

    def _posted(self, unit: Unit, template: Template) -> Statements[Shown]:
        unit.check_standing(grants=False)
        unit.check_version(unit.version)
        customer = yield from self._rows.customer(unit)
        if refusal := address_refusal(template, address_of(customer, template)):
            raise refusal
        check_sent(template, self._means)
        id_ = new_id()
        if template is Template.PHONE_VERIFICATION:
            _unverify(unit, customer)
        else:
            unit.audit("A link to choose a new password was asked for")
        unit.post(Message(TOPIC, id_, unit.customer_id, TOPIC, {"template": template.value}, id_))
        return (yield from self._rows.shown(unit))

    def _opened(self, unit: Unit) -> Statements[SessionShown]:
        unit.check_standing(grants=False)
        unit.check_version(unit.version)
        customer = yield from self._rows.customer(unit)
        if refusal := session_refusal(unit.membership, is_persona=customer.is_test_persona):
            raise refusal
        check_signs(self._means)
        unit.audit("Signed in as the test persona", (AuditChange(f"sessions.{unit.ids['session']}", None, "OPEN"),))
        return SessionShown()


def _unverify(unit: Unit, customer: CustomerRow) -> None:
    """The number counts as not verified, if it did."""
    summary = "Verification of the telephone number begun anew"
    if customer.phone_verified_at is None:
        unit.audit(summary)
        return
    change = AuditChange("profile.phoneVerifiedAt", customer.phone_verified_at, None)
    unit.change(UNVERIFIED, tell(unit, summary, (change,)) | {"phone_verified_at": None})
