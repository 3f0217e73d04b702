"""Profiles written in SQL: enrolments, changes of a profile, memberships, statuses, accounts elsewhere and consents."""

from typing import ClassVar

import msgspec

from datasources.audit import AuditChange
from datasources.ids import CustomerId
from datasources.membership import (
    SUMMARIES,
    TRANSITIONS,
    MembershipAction,
    check_status,
    refusal_of,
    status_in,
    window_refusal,
)
from datasources.profile_changes import changed
from datasources.profile_values import LONGEST_EVIDENCE, external_id_of, external_identifier, text
from datasources.profile_writing import (
    AccountLink,
    Consent,
    CustomerChange,
    CustomerShown,
    NewCustomer,
    SyncDirection,
)
from datasources.profiles import ConsentState, MembershipState
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import upserted
from datasources.sql.engine import Database, Statements
from datasources.sql.enrolling import Enrolling
from datasources.sql.identifier_index import IdentifierIndex
from datasources.sql.profile_rows import MOVED, REWRITTEN, TOUCHED, ProfileRows, Standing, tell
from datasources.sql.rewriting import Rewriting
from datasources.sql.tables.profiles import consents
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.writing import LONGEST_NAME, Refusal, Write, Written, check_length

AGREED = upserted(consents)
Shown = CustomerShown | None


class SqlProfileWrites(SqlWriter):
    """Serves `datasources.profile_writing.ProfileWriter`."""

    domain: ClassVar[Domain] = Domain.PROFILES

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._rows, self._index = ProfileRows(database), IdentifierIndex(database)
        self._enrolling, self._rewriting = Enrolling(database), Rewriting(database)

    async def enroll(self, write: Write, asked: NewCustomer) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(write, None, ("customer",), lambda unit: self._enrolling.enrolled(unit, asked))

    async def update(self, write: Write, asked: CustomerChange, *, handles_privacy: bool) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(
            write, asked.customer_id, (), lambda unit: self._rewriting.rewritten(unit, asked, handles_privacy)
        )

    async def set_status(self, write: Write, customer: CustomerId, status_key: str) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(write, customer, (), lambda unit: self._given_status(unit, status_key))

    async def move(self, write: Write, customer: CustomerId, action: MembershipAction) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(write, customer, (), lambda unit: self._moved(unit, action))

    async def link(self, write: Write, asked: AccountLink) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(write, asked.customer_id, (), lambda unit: self._linked(unit, asked))

    async def set_consent(self, write: Write, asked: Consent) -> Written[Shown]:
        """See ProfileWriter."""
        return await self.carry_out(write, asked.customer_id, (), lambda unit: self._agreed(unit, asked))

    def _given_status(self, unit: Unit, status_key: str) -> Statements[Shown]:
        unit.check_standing(grants=False)
        unit.check_version(unit.version)
        standing = yield from self._rows.standing(unit)
        check_status(unit.write.program, standing.status_key, status_key)
        label = unit.write.program.status(status_key).label
        touched = tell(unit, f"Status {label}", (AuditChange("status", standing.status_key, status_key),))
        unit.change(MOVED, touched | msgspec.structs.asdict(standing) | {"status_key": status_key})
        return (yield from self._rows.shown(unit))

    def _moved(self, unit: Unit, action: MembershipAction) -> Statements[Shown]:
        before = unit.membership
        assert before is not None  # noqa: S101  # a customer whom this source does not know is refused before
        if refusal := refusal_of(before, action):
            raise refusal
        unit.check_version(unit.version)
        standing = yield from self._rows.standing(unit)
        after = _after(unit, standing, action)
        changes = [AuditChange("membership.state", before.value, after.membership)]
        if after.status_key != standing.status_key:
            changes.append(AuditChange("status", standing.status_key, after.status_key))
        unit.change(MOVED, tell(unit, SUMMARIES[action], changes) | msgspec.structs.asdict(after))
        if action is MembershipAction.VERIFY:
            unit.record(Happened("account_verified", {"method": "manual"}))
        return (yield from self._rows.shown(unit))

    def _linked(self, unit: Unit, asked: AccountLink) -> Statements[Shown]:
        if asked.direction is not SyncDirection.LINK_ONLY:
            message = "Nothing can be pulled from other systems or pushed to them here: use LINK_ONLY."
            raise Refusal(UserErrorCode.INVALID, message, "direction")
        account = external_id_of(asked.account, "account")
        unit.check_standing(grants=False)
        row = yield from self._rows.customer(unit)
        if account in row.external_ids:
            raise Refusal(UserErrorCode.ALREADY_DONE, "This account is the customer's already.", "account", "value")
        yield from self._index.claim(unit, {external_identifier(account): ("account", "value")})
        new = msgspec.structs.replace(row, external_ids=(*row.external_ids, account))
        changes = [AuditChange(*told) for told in changed(row, new)]
        touched = tell(unit, "Account of another system linked", changes)
        unit.change(REWRITTEN, msgspec.structs.asdict(new) | touched)
        return (yield from self._rows.shown(unit))

    def _agreed(self, unit: Unit, asked: Consent) -> Statements[Shown]:
        purpose = text(asked.purpose, LONGEST_NAME, ("purpose",))
        check_length(asked.evidence, LONGEST_EVIDENCE, "evidence")
        unit.check_standing(grants=False)
        held = yield from self._rows.consents(unit)
        known = next((one for one in held if (one.channel, one.purpose) == (asked.channel, purpose)), None)
        before = (ConsentState.NOT_SET, None) if known is None else (known.state, known.evidence)
        after = asked.state, asked.evidence if asked.evidence or before[0] is not asked.state else before[1]
        if before == after:
            raise Refusal(UserErrorCode.ALREADY_DONE, f"This is {asked.state.value} already.", "state")
        path = f"profile.communicationPreferences.{asked.channel.value}.{purpose}"
        touched = tell(
            unit, f"Preference set to {asked.state.value}", (AuditChange(path, _told(before), _told(after)),)
        )
        unit.change(TOUCHED, touched)
        agreed = {"channel": asked.channel.value, "purpose": purpose, "state": asked.state.value, "evidence": after[1]}
        unit.change(AGREED, agreed | {"customer_id": unit.customer_id, "updated_at": unit.write.now})
        return (yield from self._rows.shown(unit))


def _told(consent: tuple[ConsentState, str | None]) -> dict[str, str | None]:
    return {"state": consent[0].value, "evidence": consent[1]}


def _after(unit: Unit, standing: Standing, action: MembershipAction) -> Standing:
    """How the membership stands behind the action, which is open. Raises Refusal where it is too late to restore it."""
    write, before = unit.write, MembershipState(standing.membership)
    moved: dict[str, object] = {}
    if action is MembershipAction.VERIFY:
        moved = {"verified_at": write.now}
    elif action is MembershipAction.BLOCK:
        moved = {"blocked_at": write.now, "block_reason": write.reason.code}
    elif action is MembershipAction.UNBLOCK:
        moved = {"blocked_at": None, "block_reason": None}
    elif action is MembershipAction.DELETE:
        moved = {"deleted_at": write.now, "state_before": before.value}
    else:
        if refusal := window_refusal(standing.deleted_at, write.program, write.now):
            raise refusal
        moved = {"deleted_at": None, "state_before": None}
    back = MembershipState(standing.state_before or MembershipState.ACTIVE.value)
    state = TRANSITIONS[before, action] or back
    status, waiting = status_in(write.program, state, standing.status_key, standing.status_before)
    reached = {"membership": state.value, "status_key": status, "status_before": waiting}
    return msgspec.structs.replace(standing, **moved, **reached)
