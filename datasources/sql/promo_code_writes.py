"""Promo codes written in SQL: claims, failed ones among them, and lockouts that staff reset."""

from typing import ClassVar
from zoneinfo import ZoneInfo

import msgspec

from datasources.audit import AuditChange, AuditOutcome
from datasources.ids import CustomerId
from datasources.promo_codes import (
    ClaimableCode,
    LockoutRow,
    PromoCodeClaim,
    PromoCodeFailure,
    PromoCodeRow,
    PromoCodeShown,
    PromoCodeState,
    after_failure,
    after_reset,
    failure_of,
    masked,
)
from datasources.recording import Happened
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.outcomes import Cause, Outcomes
from datasources.sql.promo_code_book import CLAIMED, COUNTED, FAILED, PromoCodeBook
from datasources.sql.unit_of_work import SqlWriter, Unit, told_at
from datasources.writing import LONGEST_NAME, Write, Written, check_length

REFERENCE = "PROMO_CODE"
"""Reference type of what is granted for a claim (H8)."""


class SqlPromoCodeWrites(SqlWriter):
    """Serves `datasources.promo_codes.PromoCodeWriter`."""

    domain: ClassVar[Domain] = Domain.PROMO_CODES

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._book = PromoCodeBook(database)
        self._outcomes = Outcomes(database)

    async def claim(self, write: Write, asked: PromoCodeClaim) -> Written[PromoCodeShown]:
        """See PromoCodeWriter."""
        return await self.carry_out(write, asked.customer_id, (), lambda unit: self._claimed(unit, asked.code.strip()))

    async def reset_lockout(self, write: Write, customer: CustomerId) -> Written[PromoCodeShown]:
        """See PromoCodeWriter."""
        return await self.carry_out(write, customer, (), self._reset)

    def _claimed(self, unit: Unit, entered: str) -> Statements[PromoCodeShown]:
        check_length(entered, LONGEST_NAME, "code")
        unit.check_standing(grants=True)
        lockout = yield from self._book.lockout(unit)
        if lockout.is_locked(unit.write.now):
            return (yield from self._failed(unit, lockout, entered, PromoCodeFailure.LOCKED_OUT))
        code: ClaimableCode | None = yield from self._book.code(entered)
        if code is None:
            return (yield from self._failed(unit, lockout, entered, PromoCodeFailure.UNKNOWN_CODE))
        return (yield from self._tried(unit, lockout, code))

    def _tried(self, unit: Unit, lockout: LockoutRow, code: ClaimableCode) -> Statements[PromoCodeShown]:
        """What comes of entering a code that there is."""
        zone = ZoneInfo(unit.write.program.timezone)
        held = yield from self._book.held(unit, code.code)
        failure = failure_of(code, held, unit.write.now, zone)
        if failure is None:
            if (yield from self._book.taken(code)):
                return (yield from self._granted(unit, lockout, code, held))
            failure = PromoCodeFailure.CAP_REACHED
        if failure is PromoCodeFailure.LIMITER:
            yield from self._book.limit(unit, code, zone)
        return (yield from self._failed(unit, lockout, code.code, failure))

    def _granted(
        self, unit: Unit, lockout: LockoutRow, code: ClaimableCode, held: list[PromoCodeRow]
    ) -> Statements[PromoCodeShown]:
        """The code in the customer's list, in place of one assigned to them, with what it grants."""
        assigned = next((one for one in held if one.state is PromoCodeState.ASSIGNED), None)
        row = PromoCodeRow(
            customer_id=unit.customer_id,
            id=unit.make("code", None if assigned is None else assigned.id),
            code=code.code,
            state=PromoCodeState.CLAIMED,
            campaign_name=code.campaign_name,
            at=unit.write.now,
            claimed_at=unit.write.now,
            assigned_at=None if assigned is None else assigned.assigned_at,
        )
        unit.change(CLAIMED, msgspec.structs.asdict(row) | {"state": row.state.value})
        counted = msgspec.structs.replace(lockout, consecutive_failures=0)
        if counted != lockout:
            unit.change(COUNTED, msgspec.structs.asdict(counted))
        cause = Cause(REFERENCE, code.code, f"Promo code {code.code}")
        yield from told_at(self._outcomes.award(unit, code.outcomes, cause), "code")
        unit.record(Happened("promo_code_claimed", {"code": code.code, "campaign_name": code.campaign_name}, row.id))
        before = None if assigned is None else assigned.state.value
        unit.audit(f"Code {code.code} claimed", (AuditChange(f"promoCodes.{row.id}.state", before, row.state.value),))
        return PromoCodeShown(counted, row)

    def _failed(
        self, unit: Unit, lockout: LockoutRow, entered: str, failure: PromoCodeFailure
    ) -> Statements[PromoCodeShown]:
        """The failed claim in the customer's list, which is what the key is answered with from now on."""
        now, recent = unit.write.now, (yield from self._book.recent_failures(unit, lockout))
        counted = after_failure(lockout, recent, failure, unit.write.program.lockout, now)
        error = {"id": unit.make("failure"), "entered_code": masked(entered), "reason": failure.value, "at": now}
        unit.change(FAILED, {"customer_id": unit.customer_id} | error)
        unit.change(COUNTED, msgspec.structs.asdict(counted))
        unit.audit(f"Code refused: {failure.value}", _changes(lockout, counted), AuditOutcome.REFUSED)
        return PromoCodeShown(counted, failure=failure)

    def _reset(self, unit: Unit) -> Statements[PromoCodeShown]:
        unit.check_standing(grants=False)
        unit.check_version(unit.version)
        lockout = yield from self._book.lockout(unit)
        after = after_reset(lockout, unit.write.now)
        unit.change(COUNTED, msgspec.structs.asdict(after))
        unit.audit("Code entry opened again", _changes(lockout, after))
        return PromoCodeShown(after)


def _changes(before: LockoutRow, after: LockoutRow) -> tuple[AuditChange, ...]:
    """What became of the counters."""
    return tuple(
        AuditChange(f"promoCodes.lockout.{shown}", getattr(before, name), getattr(after, name))
        for name, shown in (("consecutive_failures", "consecutiveFailures"), ("reset_count", "resetCount"))
        if getattr(before, name) != getattr(after, name)
    )
