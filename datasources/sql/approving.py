"""How far a caller goes alone: allowances by operation and day, and the request for a second person beyond them."""

import base64
import datetime as dt
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam

from datasources.audit import ApprovalState, AuditOutcome
from datasources.sql.changes import inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.audit import approvals
from datasources.sql.tables.writing import adjustment_days
from datasources.sql.unit_of_work import Unit

REQUESTED = inserted(approvals)
OPEN_FOR = dt.timedelta(days=7)


class Adjusted(msgspec.Struct, frozen=True):
    """What an adjustment comes to for its limit: points, or minor units of a currency."""

    operation: str
    amount: int
    currency: str | None = None


class Allowances:
    """Counts what limited callers adjust on a day, over all customers."""

    def __init__(self, database: Database) -> None:
        days, dialect = adjustment_days, database.dialect
        row = dialect.insert(days).values(
            {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in days.c}
        )
        added = days.c.amount + row.excluded.amount
        counted = row.on_conflict_do_update(
            index_elements=[column.name for column in days.primary_key],
            set_={"amount": added},
            where=added <= bindparam("per_day", type_=BigInteger()),
        )
        self._counted = Prepared(counted.returning(days.c.amount), lambda amount: amount, dialect)

    def exceeded(self, unit: Unit, adjusted: Adjusted) -> Statements[bool]:
        """True where the caller may not do this alone; else it is counted, and uncounted if the write is refused."""
        allowance = next(
            (
                one
                for one in unit.write.allowances
                if one.operation == adjusted.operation and one.currency in (None, adjusted.currency)
            ),
            None,
        )
        if allowance is None:
            return False
        bounds = [bound for bound in (allowance.per_operation, allowance.per_day) if bound is not None]
        if any(adjusted.amount > bound for bound in bounds):
            return True
        if allowance.per_day is None:
            return False
        row = {
            "actor_kind": unit.write.actor.kind.value,
            "actor_id": unit.write.actor.id,
            "operation": adjusted.operation,
            "currency": adjusted.currency or "",
            "day": unit.write.now.astimezone(dt.UTC).date(),
            "amount": adjusted.amount,
        }
        values = {f"new_{name}": value for name, value in row.items()}
        counted = yield Sent(self._counted, values | {"per_day": allowance.per_day})
        return not counted


def request_approval(unit: Unit, adjusted: Adjusted, asked: msgspec.Struct) -> None:
    """Store nothing but the request: its approval is what the key is answered with from now on."""
    write = unit.write
    unit.change(
        REQUESTED,
        {
            "id": unit.make("approval"),
            "operation": adjusted.operation,
            "state": ApprovalState.PENDING.value,
            "requested_by_kind": write.actor.kind.value,
            "requested_by_id": write.actor.id,
            "requested_at": write.now,
            "expires_at": write.now + OPEN_FOR,
            "amount": adjusted.amount,
            "currency": adjusted.currency,
            "customer_id": unit.customer_id,
            "reason_code": write.reason.code,
            "request": _request(unit, asked),
        },
    )
    unit.audit("Waits for a second person", outcome=AuditOutcome.REFUSED)


def _request(unit: Unit, asked: msgspec.Struct) -> dict[str, Any]:  # any mutation's input
    """What the execution needs: the input, the ids promised under the key, and the texts about the customer sealed."""
    reason = unit.write.reason
    texts = msgspec.json.encode([reason.internal_note, reason.customer_visible_reason]).decode()
    sealed = unit.seal(texts, "approvals.request") or b""
    given: dict[str, Any] = msgspec.to_builtins(asked)
    return given | {
        "mutation": unit.write.operation,
        "made": {name: str(id_) for name, id_ in unit.ids.items()},
        "reason": {"code": reason.code, "ticketId": reason.ticket_id},
        "texts": base64.b64encode(sealed).decode(),
    }
