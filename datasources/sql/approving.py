"""How far a caller goes alone: allowances by operation and day, the request for a second person beyond them, and what is
done once that person approves.

A domain joins in three steps. Its work asks `Allowances.exceeded`, and where that is true calls `request_approval` with
its input, whose struct is of plain values and takes its attributes in `camel` case, and makes nothing. Its writer names
the mutation in `executions`, with the same work: it gets the unit, in which the requester writes once more under the ids
that were promised and without a limit, and the stored input for `asked_again`. And its writer stands in
`audit_writes.EXECUTING`. The work validates everything anew; what it refuses makes the approval FAILED. Rows that keep
who did something keep the requester as before, and who approved by `unit.write.approval_id`.
"""

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, bindparam

from datasources.audit import ApprovalState, AuditOutcome
from datasources.ids import new_id
from datasources.sql.changes import inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.audit import approvals
from datasources.sql.tables.writing import adjustment_days
from datasources.sql.unit_of_work import Execution, Unit
from datasources.values import ActorKind, ActorRef
from datasources.writing import Reason, Write, check_reason

Input = TypeVar("Input", bound=msgspec.Struct)

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
        allowance = unit.write.allowance(adjusted.operation, adjusted.currency)
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
            "request": stored(asked, write.operation, unit.ids, write.reason, unit.seal),
        },
    )
    unit.audit("Waits for a second person", outcome=AuditOutcome.REFUSED)


def stored(
    asked: msgspec.Struct,
    mutation: str,
    made: Mapping[str, UUID],
    reason: Reason,
    seal: Callable[[str, str], bytes | None],
) -> dict[str, Any]:  # any mutation's input
    """What the execution needs: the input, the ids that were promised, and the texts about the customer sealed."""
    texts = msgspec.json.encode([reason.internal_note, reason.customer_visible_reason]).decode()
    sealed = seal(texts, "approvals.request") or b""
    given: dict[str, Any] = msgspec.to_builtins(asked)
    return given | {
        "mutation": mutation,
        "made": {name: str(id_) for name, id_ in made.items()},
        "reason": {"code": reason.code, "ticketId": reason.ticket_id},
        "texts": base64.b64encode(sealed).decode(),
    }


class Requested(msgspec.Struct, frozen=True):
    """A request as it is stored; `state` is as of the clock."""

    id: UUID
    operation: str
    state: str
    requested_by_kind: str
    requested_by_id: str
    amount: int
    currency: str | None
    request: Mapping[str, Any]

    @property
    def requested_by(self) -> ActorRef:
        """Who asked for it."""
        return ActorRef(ActorKind(self.requested_by_kind), self.requested_by_id)

    @property
    def mutation(self) -> str:
        """What was asked for."""
        name: str = self.request["mutation"]
        return name


def asked_again(request: Mapping[str, Any], struct: type[Input]) -> Input:
    """The input of a request as its mutation takes it."""
    return msgspec.convert(dict(request), struct)


def executed(unit: Unit, requested: Requested, execution: Execution) -> Statements[None]:
    """Do what was asked for, in the requester's name and with the requester's reason. Raises Refusal."""
    made = {name: UUID(id_) for name, id_ in requested.request["made"].items()}
    # The audit entry that was promised told of the request.
    with unit.standing_in(_resumed(unit, requested), made | {"audit": new_id()}):
        check_reason(unit.write)
        yield from execution(unit, requested.request)
        yield from unit.flush()


def _resumed(unit: Unit, requested: Requested) -> Write:
    """The requester's write, as of now."""
    given, texts = requested.request["reason"], base64.b64decode(requested.request["texts"])
    opened = unit.key.open(texts, "approvals.request") if unit.key is not None else "[null,null]"
    note, told = msgspec.json.decode(opened)
    return msgspec.structs.replace(
        unit.write,
        operation=requested.mutation,
        actor=requested.requested_by,
        reason=Reason(given["code"], note, told, given["ticketId"]),
        allowances=(),
        approval_id=requested.id,
    )
