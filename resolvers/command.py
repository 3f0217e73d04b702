"""How every mutation is carried out: who it is about, is it within reach, do it, and show what came of it.

Scopes are checked before; the rest (the key, the customer's state, limits, audit, dry run) is the owning source's, inside
its transaction.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from datasources.audit import ApprovalRow, AuditRow
from datasources.errors import CustomerUnknown
from datasources.ids import CustomerId, EntityId
from datasources.profiles import CustomerRow
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef
from datasources.writing import (
    Allowance,
    Reason,
    Refusal,
    Write,
    Writer,
    Written,
    check_key,
    fingerprint_of,
)
from permissions.model import Principal, ReachKind
from resolvers import profiles
from resolvers.context import Context

Input = TypeVar("Input", bound=msgspec.Struct)
Shown = TypeVar("Shown")


class Command(Generic[Input]):
    """A mutation as it was asked for: its name, its input, the customer it is about, and where the input names them."""

    def __init__(self, context: Context, operation: str, asked: Input, customer: CustomerId | None, named: str) -> None:
        self.context, self.operation, self.asked = context, operation, asked
        self.customer, self.named = customer, named

    def write(self) -> Write:
        """What the source is told beside the input itself."""
        asked, context = self.asked, self.context
        key = getattr(asked, "idempotency_key", None)
        return Write(
            operation=self.operation,
            actor=actor_of(context.principal),
            fingerprint="" if key is None else fingerprint_of(_keyless(asked)),
            program=context.settings,
            now=context.now,
            correlation_id=context.request_id,
            key=key,
            reason=getattr(asked, "reason", None) or Reason(),
            expected_version=getattr(asked, "expected_version", None),
            dry_run=getattr(asked, "dry_run", None) is True,
            allowances=tuple(
                Allowance(limit.operation.value, limit.per_operation, limit.per_day, limit.currency)
                for limit in context.principal.limits
            ),
        )


def _keyless(asked: msgspec.Struct) -> dict[str, Any]:
    """An input of any mutation without its idempotency key."""
    given: dict[str, Any] = msgspec.to_builtins(asked)
    del given["idempotency_key"]
    return given


class CustomerActionInput(msgspec.Struct, frozen=True):
    """What is done to a customer as it is asked for."""

    customer_id: CustomerId
    idempotency_key: str | None = None
    dry_run: bool | None = False
    expected_version: int | None = None
    reason: Reason | None = None


class UserError(msgspec.Struct, frozen=True):
    """A refusal as the caller is told."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...]


class Payload(msgspec.Struct, Generic[Shown], frozen=True):
    """What a mutation answers with: what was written, and for whom."""

    written: Written[Shown]
    dry_run: bool
    customer_id: CustomerId | None
    named: str

    @property
    def user_errors(self) -> tuple[UserError, ...]:
        """Why nothing was stored; a refusal that names no part of the input is about whom or what the mutation is for."""
        refusal = self.written.refusal
        return () if refusal is None else (UserError(refusal.code, refusal.message, refusal.path or (self.named,)),)

    @property
    def replayed(self) -> bool:
        """True when an earlier answer is repeated."""
        return self.written.replayed

    def stored(self, name: str) -> EntityId | None:
        """The id of what was stored under a name."""
        found = None if self.dry_run else self.written.ids.get(name)
        return None if found is None else EntityId(found)


async def carried_out(
    command: Command[Any], method: Callable[..., Awaitable[Written[Shown]]], *arguments: Any, **named: Any
) -> tuple[Written[Shown], bool, CustomerId | None, str]:
    """The parts of the payload: what the writer's method did, called with the write and the arguments.

    A refusal is told to the audit log, but for a dry run, which leaves nothing.
    """
    context, write = command.context, command.write()
    try:
        check_key(write.key)
        _check_used(write)
        await _check_reach(command)
        written = await _called(command, method, write, *arguments, **named)
    except Refusal as refusal:
        return await refused(command, method.__self__, refusal)  # type: ignore[attr-defined]  # a writer's own
    # What was read before may be otherwise now.
    context.loaders.forget()
    if command.customer is not None:
        context.sources.changed(command.customer)
    return written, write.dry_run, command.customer, command.named


async def refused(
    command: Command[Any], writer: Writer, refusal: Refusal
) -> tuple[Written[Any], bool, CustomerId | None, str]:
    """The parts of the payload of what is refused, by the source or before it is asked."""
    write = command.write()
    await _tell(writer, write, command.customer, refusal)
    command.context.loaders.forget()
    return Written(refusal=refusal), write.dry_run, command.customer, command.named


async def deny(command: Command[Any], writer: Writer) -> None:
    """Tell the audit log of an attempt by a caller who lacks the scope."""
    refusal = Refusal(UserErrorCode.FORBIDDEN, "The scope is missing.")
    await _tell(writer, command.write(), command.customer, refusal)


async def _tell(writer: Writer, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
    if not write.dry_run:
        await writer.refuse(write, customer, refusal)


def _check_used(write: Write) -> None:
    """Pass for a mutation that the program has not switched off (O3, Y8). Raises Refusal."""
    if write.operation in write.program.switched_off:
        raise Refusal(UserErrorCode.FORBIDDEN, "The program does not use this.")


def _out_of_reach() -> Refusal:
    return Refusal(UserErrorCode.NOT_FOUND, "There is no such thing, or none that you can reach.")


async def _check_reach(command: Command[Any]) -> None:
    """Pass for a customer whom the caller can reach, or who is not there at all: the source will know. Raises Refusal."""
    if command.customer is None:
        return
    reach = command.context.principal.reach
    if reach.kind is ReachKind.ALL or (reach.kind is ReachKind.CUSTOMER and reach.customer == command.customer):
        return
    if await profiles.customer(command.context, command.customer) is None:
        raise _out_of_reach()


async def _called(
    command: Command[Any], method: Callable[..., Awaitable[Written[Shown]]], *arguments: Any, **named: Any
) -> Written[Shown]:
    """What the writer's method did. Raises Refusal, SourceUnavailable, SourceTimedOut."""
    context = command.context
    try:
        return await context.call(method, *arguments, **named)
    except CustomerUnknown:
        if command.customer is not None and await profiles.customer(context, command.customer) is None:
            raise _out_of_reach() from None
        raise


def actor_of(principal: Principal) -> ActorRef:
    """The caller as histories keep them."""
    return ActorRef(ActorKind(principal.kind.value), principal.id or "")


async def customer(payload: Payload[Any], context: Context) -> CustomerRow | None:
    """The customer as they are now."""
    if payload.customer_id is None or not payload.written.ids:
        return None
    return await profiles.customer(context, payload.customer_id)


async def approval(payload: Payload[Any], context: Context) -> ApprovalRow | None:
    """The approval that it waits for, as it is now."""
    made, reach = payload.stored("approval"), profiles.within(context.principal)
    if made is None or reach is None:
        return None
    return await context.load(context.sources.audit.approvals, made, reach, context.now)


async def audit_entry(payload: Payload[Any], context: Context) -> AuditRow | None:
    """What the audit log says of it: as it was made, where another source is yet to be told."""
    if payload.written.entry is not None and not payload.dry_run:
        return payload.written.entry
    made = payload.stored("audit")
    if made is None or payload.customer_id is None:
        return None
    return await context.load(context.sources.audit.entries, (payload.customer_id, made))
