"""The one transaction that every mutation is: claim the key, lock the customer, do the work, tell the audit log.

A domain gives the work: a generator that reads by `yield Sent(…)`, collects what it changes in the unit, and raises a
`Refusal` to have nothing done. The unit sends all changes together at the end, so that on PostgreSQL a mutation is one
statement beside its reads. Whatever belongs to a customer is changed under the lock of the customer's row, which is taken
before anything that the work decides by is read: nothing read can be stale, at READ COMMITTED too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import String, Uuid, bindparam, literal_column, select, true

from datasources.audit import AuditChange, AuditOutcome
from datasources.audit_chain import CHAINED, GENESIS, next_hash
from datasources.caching import Changed
from datasources.errors import CustomerUnknown
from datasources.ids import NO_CUSTOMER, CustomerId, EntityId, new_id
from datasources.profiles import MembershipState, ProcessingState
from datasources.recording import SOURCE, Happened, search_text
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Asked, Change, inserted, sent, upserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.audit import audit_entries, audit_heads
from datasources.sql.tables.events import event_keys, events
from datasources.sql.tables.profiles import customers
from datasources.sql.tables.writing import idempotency_keys
from datasources.sql.types import Instant
from datasources.writing import Refusal, Write, Written, check_reason, known_reason

Shown = TypeVar("Shown")

PROGRAM = NO_CUSTOMER
"""Whose chain holds the audit entries that belong to no customer."""

GONE = (MembershipState.DELETED, MembershipState.ANONYMIZED, MembershipState.FORGOTTEN)
"""Nothing is written for them but privacy actions, and the restoring of a deleted one."""

AUDITED, CHAINED_ON = inserted(audit_entries), upserted(audit_heads)
RECORDED, IDENTIFIED = inserted(events), inserted(event_keys)
MADE = Change(
    lambda place: (
        idempotency_keys.update()
        .where(
            idempotency_keys.c.caller == place.bind("caller", String()),
            idempotency_keys.c.key == place.bind("key", String()),
        )
        .values(made=place.bind("made", idempotency_keys.c.made.type))
    )
)


class Locked(msgspec.Struct, frozen=True):
    """The customer's row, locked, and the head of their audit chain; all null for one that the source does not know."""

    customer_id: UUID | None
    membership: str | None
    processing: str | None
    version: int | None
    wrapped_key: bytes | None
    sequence: int | None
    hash: bytes | None


NOBODY = Locked(None, None, None, None, None, None, None)
"""Stands for a customer whom the work is yet to make."""


class Unit:
    """One mutation inside its transaction."""

    def __init__(self, database: Database, write: Write, ids: dict[str, UUID], locked: Locked) -> None:
        self.write, self.ids, self._database = write, ids, database
        self.membership = None if locked.membership is None else MembershipState(locked.membership)
        self.is_restricted = locked.processing == ProcessingState.RESTRICTED.value
        self.version = locked.version
        self.customer_id = PROGRAM if locked.customer_id is None else CustomerId(locked.customer_id)
        self.key = database.keyring.unwrapped(self.customer_id, locked.wrapped_key)
        self._head = locked.sequence or 0, locked.hash or GENESIS
        self._asked: list[Asked] = []
        self._touched: list[Changed] = []

    def check_standing(self, *, grants: bool, lifts_block: bool = False) -> None:
        """Pass where the customer may be dealt with so (settled.md, "Restricted and blocked"). Raises Refusal."""
        if self.membership in GONE:
            raise Refusal(UserErrorCode.CUSTOMER_GONE, "The membership is closed, or the personal data was removed.")
        if grants and self.membership is MembershipState.BLOCKED and not lifts_block:
            raise Refusal(UserErrorCode.CUSTOMER_BLOCKED, "The customer is blocked.")
        if grants and self.is_restricted:
            raise Refusal(UserErrorCode.CUSTOMER_RESTRICTED, "The customer restricted processing.")

    def check_version(self, current: int | None) -> None:
        """Pass where the caller saw the version that is current, or named none (inv-Q9). Raises Refusal."""
        if self.write.expected_version not in (None, current):
            raise Refusal(UserErrorCode.CONFLICT, "It was changed meanwhile: read it again.", "expectedVersion")

    def enroll(self, customer: CustomerId) -> bytes:
        """Be about a customer who is made just now, with an audit chain of their own: the wrapped key that is theirs."""
        keyring = self._database.keyring
        wrapped = keyring.new_wrapped(customer)
        self.customer_id, self.key, self._head = customer, keyring.unwrapped(customer, wrapped), (0, GENESIS)
        return wrapped

    def change(
        self, change: Change, values: Mapping[str, Any], rows: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        """Have a change made with the others."""
        self._asked.append(Asked(change, values, rows or {}))

    def seal(self, text: str | None, field: str) -> bytes | None:
        """A text about the customer as the column `field` holds it; nothing of it where their key was destroyed."""
        return None if text is None or self.key is None else self.key.seal(text, field)

    def audit(
        self,
        summary: str,
        changes: Sequence[AuditChange] = (),
        outcome: AuditOutcome = AuditOutcome.SUCCEEDED,
    ) -> None:
        """Tell the audit log what was done: the next link of the customer's chain, over the ciphertext."""
        write, (sequence, previous) = self.write, self._head
        entry: dict[str, Any] = {
            "customer_id": self.customer_id,
            "id": self.ids["audit"],
            "sequence": sequence + 1,
            "type": write.operation,
            "at": write.now,
            "actor_kind": write.actor.kind.value,
            "actor_id": write.actor.id,
            "outcome": outcome.value,
            "summary": self.seal(summary, "audit_entries.summary") or b"",
            "changes": self.seal(msgspec.json.encode(changes).decode(), "audit_entries.changes") or b"",
            "reason_code": write.reason.code,
            "ticket_id": write.reason.ticket_id,
            "correlation_id": write.correlation_id,
        }
        digest = next_hash(previous, [entry[name] for name in CHAINED])
        self._head = sequence + 1, digest
        self.change(AUDITED, entry | {"hash": digest})
        self.change(CHAINED_ON, {"customer_id": self.customer_id, "sequence": sequence + 1, "hash": digest})

    def record(self, happened: Happened) -> None:
        """Add an event to the customer's stream."""
        write, event_id = self.write, new_id()
        identity = {"customer_id": self.customer_id, "source": SOURCE, "source_event_id": str(event_id)}
        self.change(
            RECORDED,
            identity
            | {
                "id": event_id,
                "type": happened.type,
                "occurred_at": happened.occurred_at or write.now,
                "recorded_at": write.now,
                "channel": "GATEWAY",
                "reference_id": happened.reference_id,
                "facts": happened.facts,
                "attributes": None,
                "search_text": search_text(write.program, happened.type, happened.facts),
            },
        )
        self.change(IDENTIFIED, identity | {"event_id": event_id})

    def make(self, name: str, id: EntityId | None = None) -> EntityId:
        """The id of something that the key is to be answered with as well, decided on only now: that given, or a new one."""
        made = self.ids[name] = id or new_id()
        if self.write.key is not None:
            who = {"caller": self.write.caller, "key": self.write.key}
            self.change(MADE, who | {"made": self.ids})
        return made

    @contextmanager
    def standing_in(self, write: Write, ids: dict[str, UUID]) -> Iterator[None]:
        """Have what is done meanwhile be another write, with ids of its own; it joins the chain and the changes of this one."""
        own = self.write, self.ids
        self.write, self.ids = write, ids
        try:
            yield
        finally:
            self.write, self.ids = own

    def touch(self, *, customers: Iterable[CustomerId] = (), lists: Iterable[Domain] = ()) -> None:
        """Have caches told that rows of other customers change, or what domains have that belongs to none."""
        self._touched.append(Changed(frozenset(customers), frozenset(lists)))

    def flush(self) -> Statements[None]:
        """Make the changes so far."""
        asked, self._asked = self._asked, []
        touched, self._touched = self._touched, []
        if asked:
            yield Changed.together((Changed(frozenset((self.customer_id,)) - {PROGRAM}), *touched))
            yield from sent(self._database, asked)


Work = Callable[[Unit], Statements[Shown]]
Execution = Callable[[Unit, Mapping[str, Any]], Statements[Any]]
"""The work of a mutation that was approved, done with its input as it was stored. Raises Refusal."""


class SqlWriter:
    """What the writers of all domains share: how a write is carried out, and how a refused one is told."""

    domain: ClassVar[Domain]

    def __init__(self, database: Database) -> None:
        self.database = database
        self.source = database.name
        self._claims = Claims(database)
        self._lock = Prepared(_locked(), Locked, database.dialect)

    def executions(self) -> Mapping[str, Execution]:
        """The mutations that may wait for a second person, by name, with the work that each of them is; see `approving`."""
        return {}

    async def carry_out(
        self, write: Write, customer: CustomerId | None, made: Sequence[str], work: Work[Shown]
    ) -> Written[Shown]:
        """Do the work in one transaction, or repeat the answer that the key got; `made` names what the work gives ids to.

        `customer` is PROGRAM for what is about no customer, and None for one whom the work makes: nobody is locked then.

        Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown.
        """
        ids: dict[str, UUID] = {name: new_id() for name in (*made, "audit")}
        return await self.database.transact(lambda: self._run(write, customer, dict(ids), work), keep=not write.dry_run)

    async def refuse(self, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
        """See Writer: the customer's chain, or the program's where this source does not know them."""
        await self.database.transact(lambda: self._refused(write, customer or PROGRAM, refusal))

    def _run(
        self, write: Write, customer: CustomerId | None, ids: dict[str, UUID], work: Work[Shown]
    ) -> Statements[Written[Shown]]:
        replayed = yield from self._claims.claimed(write, ids)
        if replayed is not None:
            return Written(replayed, replayed=True, refusal=_kept(replayed))
        locked = NOBODY if customer is None else (yield from self.locked(customer))
        if locked.customer_id is None and customer not in (None, PROGRAM):
            raise CustomerUnknown(self.source, "reading the customer's state")
        check_reason(write)
        unit = Unit(self.database, write, ids, locked)
        shown = yield from work(unit)
        yield from unit.flush()
        return Written(ids, shown, refusal=_kept(ids))

    def locked(self, customer: CustomerId) -> Statements[Locked]:
        """The customer, locked until the transaction ends."""
        (found,) = yield Sent(self._lock, {"customer": customer})
        locked: Locked = found
        return locked

    def _refused(self, write: Write, customer: CustomerId, refusal: Refusal) -> Statements[None]:
        locked = yield from self.locked(customer)
        if locked.customer_id is None and customer != PROGRAM:
            locked = yield from self.locked(PROGRAM)
        told = msgspec.structs.replace(write, reason=known_reason(write))
        unit = Unit(self.database, told, {"audit": new_id()}, locked)
        unit.audit(f"Refused: {refusal.code.value}", outcome=AuditOutcome.REFUSED)
        yield from unit.flush()


KEPT: Mapping[str, Refusal] = {
    "approval": Refusal(
        UserErrorCode.APPROVAL_REQUIRED, "This is beyond your limit: a second person has to approve it."
    ),
    "failure": Refusal(
        UserErrorCode.PROMO_CODE_REFUSED,
        "The code was not accepted: `failure` says why, and nothing was granted.",
        "code",
    ),
}
"""Refusals that are kept: each is told wherever something was made under its name, when it is done and when it is replayed."""


def _kept(made: Mapping[str, UUID]) -> Refusal | None:
    """What the caller is told beside the refusal that was kept."""
    return next((KEPT[name] for name in made if name in KEPT), None)


def told_at(work: Statements[Shown], *path: str) -> Statements[Shown]:
    """The same work; what it refuses is told at this part of the input."""
    try:
        return (yield from work)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, *path) from refusal


class Claims:
    """Idempotency keys: whoever inserts one first does the work, all others wait for them and repeat the answer."""

    def __init__(self, database: Database) -> None:
        keys, dialect = idempotency_keys, database.dialect
        row = dialect.insert(keys).values(
            {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in keys.c}
        )
        lapsed = keys.c.expires_at <= bindparam("now", type_=Instant())
        renewed = {column.name: row.excluded[column.name] for column in keys.c if not column.primary_key}
        claim = row.on_conflict_do_update(index_elements=["caller", "key"], set_=renewed, where=lapsed)
        self._claim = Prepared(claim.returning(keys.c.key), lambda key: key, dialect)
        held = select(keys.c.operation, keys.c.fingerprint, keys.c.made).where(
            keys.c.caller == bindparam("caller", type_=String()), keys.c.key == bindparam("key", type_=String())
        )
        self._held = Prepared(held, lambda *values: values, dialect)

    def claimed(self, write: Write, ids: Mapping[str, UUID]) -> Statements[dict[str, UUID] | None]:
        """None where the key is the write's own now (or there is none), else what was made under it. Raises Refusal."""
        if write.key is None:
            return None
        row = {
            "caller": write.caller,
            "key": write.key,
            "operation": write.operation,
            "fingerprint": write.fingerprint,
            "made": ids,
            "claimed_at": write.now,
            "expires_at": write.key_expires_at,
        }
        if (yield Sent(self._claim, {f"new_{name}": value for name, value in row.items()} | {"now": write.now})):
            return None
        ((operation, fingerprint, made),) = yield Sent(self._held, {"caller": write.caller, "key": write.key})
        if (operation, fingerprint) != (write.operation, write.fingerprint):
            raise write.reused
        return {name: UUID(str(id_)) for name, id_ in made.items()}


def _locked() -> Any:
    """One row, whether or not the customer is known; both locks are taken by this statement, head and all."""
    who = bindparam("customer", type_=Uuid())
    always = select(literal_column("1").label("one")).subquery("always")
    columns = [customers.c[name] for name in ("customer_id", "membership", "processing", "version", "wrapped_key")]
    customer = select(*columns).where(customers.c.customer_id == who).with_for_update().subquery("customer")
    head = select(audit_heads).where(audit_heads.c.customer_id == who).with_for_update().subquery("head")
    joined = always.outerjoin(customer, true()).outerjoin(head, true())
    return select(*customer.c, head.c.sequence, head.c.hash).select_from(joined)
