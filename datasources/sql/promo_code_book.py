"""What is stored of promo codes, under the customer's lock: the program's codes, a customer's own, counters and limiters.

How often all customers together claimed a code is counted by one conditional UPDATE, sent after the customer's lock is
taken, so that all writers take their locks in one order.
"""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, Uuid, bindparam, func, or_, select

from datasources.ids import new_id
from datasources.promo_codes import ClaimableCode, LockoutRow, PromoCodeLimiterRow, PromoCodeRow
from datasources.sql.changes import inserted, upserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.promo_codes import CODE, LIMITER
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
    promo_codes,
)
from datasources.sql.types import FIRST, Instant
from datasources.sql.unit_of_work import Unit

CLAIMED, COUNTED = upserted(customer_promo_codes), upserted(promo_code_lockouts)
FAILED, LIMITED = inserted(promo_code_errors), upserted(promo_code_limiters)
CUSTOMER, ENTERED = bindparam("customer", type_=Uuid()), bindparam("code", type_=String())
WINDOW = "TIME_OF_DAY"
"""The limiter of a window that names none."""


class PromoCodeBook:
    """Reads what the rules decide by, counts claims, and keeps the limiters that customers met."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._lockout = Prepared(_lockout(), LockoutRow, dialect)
        self._code = Prepared(_code(), ClaimableCode, dialect)
        self._held = Prepared(_of_code(CODE.columns, customer_promo_codes), CODE.make, dialect)
        self._limiters = Prepared(_of_code(LIMITER.columns, promo_code_limiters), LIMITER.make, dialect)
        self._recent = Prepared(_recent(), _number, dialect)
        self._taken = Prepared(_taken(), _number, dialect)

    def lockout(self, unit: Unit) -> Statements[LockoutRow]:
        """The customer's counters, all zero before the first failed claim."""
        found: list[LockoutRow] = yield Sent(self._lockout, {"customer": unit.customer_id})
        return found[0] if found else LockoutRow(unit.customer_id)

    def code(self, entered: str) -> Statements[ClaimableCode | None]:
        """The program's code that was entered, if it has such a one."""
        found = yield Sent(self._code, {"code": entered})
        return found[0] if found else None

    def held(self, unit: Unit, code: str) -> Statements[list[PromoCodeRow]]:
        """The code as the customer has it, once for each time it was claimed or assigned."""
        return (yield Sent(self._held, {"customer": unit.customer_id, "code": code}))

    def recent_failures(self, unit: Unit, lockout: LockoutRow) -> Statements[int]:
        """How many claims failed since the latest lockout ended."""
        since = lockout.expires_at or FIRST
        (count,) = yield Sent(self._recent, {"customer": unit.customer_id, "since": since})
        number: int = count
        return number

    def taken(self, code: ClaimableCode) -> Statements[bool]:
        """True where the code is claimed once more; False where all together have claimed it as often as they may."""
        return bool((yield Sent(self._taken, {"code_id": code.id})))

    def limit(self, unit: Unit, code: ClaimableCode, zone: ZoneInfo) -> Statements[None]:
        """Keep that the customer met the code's limiter, and how often."""
        policy = code.limiter or WINDOW
        met: list[PromoCodeLimiterRow] = yield Sent(self._limiters, {"customer": unit.customer_id, "code": code.code})
        known = next((one for one in met if one.policy == policy), None)
        unit.change(
            LIMITED,
            {
                "customer_id": unit.customer_id,
                "id": new_id() if known is None else known.id,
                "code": code.code,
                "policy": policy,
                "description": code.limiter_description or policy,
                "triggered_at": unit.write.now,
                "attempts": 1 if known is None else known.attempts + 1,
                "window_ends_at": None if code.window is None else code.window.opens_after(unit.write.now, zone),
            },
        )


def _lockout() -> Select[Any]:
    columns = (promo_code_lockouts.c[name] for name in LockoutRow.__struct_fields__)
    return select(*columns).where(promo_code_lockouts.c.customer_id == CUSTOMER)


def _code() -> Select[Any]:
    columns = (promo_codes.c[name] for name in ClaimableCode.__struct_fields__)
    return select(*columns).where(promo_codes.c.code == ENTERED)


def _of_code(columns: Any, table: Any) -> Select[Any]:
    """A customer's rows of one code."""
    return select(*columns).where(table.c.customer_id == CUSTOMER, table.c.code == ENTERED)


def _recent() -> Select[Any]:
    errors = promo_code_errors.c
    since = bindparam("since", type_=Instant())
    return select(func.count()).where(errors.customer_id == CUSTOMER, errors.at >= since)


def _taken() -> Any:
    claims, cap = promo_codes.c.claims, promo_codes.c.claim_cap
    return (
        promo_codes.update()
        .where(promo_codes.c.id == bindparam("code_id", type_=Uuid()), or_(cap.is_(None), claims < cap))
        .values(claims=claims + 1)
        .returning(claims)
    )


def _number(value: int) -> int:
    return value
