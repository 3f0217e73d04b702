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
from sqlalchemy import String

from datasources.audit import AuditChange, AuditOutcome, AuditRow
from datasources.audit_chain import CHAINED, GENESIS, next_hash
from datasources.caching import Changed
from datasources.errors import CustomerUnknown, SourceRefused, SourceUnavailable
from datasources.ids import NO_CUSTOMER, CustomerId, EntityId, new_id
from datasources.profiles import MembershipState, ProcessingState
from datasources.recording import SOURCE, Happened, search_text
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Asked, Change, inserted, sent, upserted
from datasources.sql.claims import Claims
from datasources.sql.engine import Database, Statements
from datasources.sql.live import Live, LiveStates
from datasources.sql.locking import NOBODY, Locked, Locks
from datasources.sql.news import News, ToldEntry, ToldEvent
from datasources.sql.posting import Message, posted
from datasources.sql.split import topic_of
from datasources.sql.tables.audit import audit_entries, audit_heads
from datasources.sql.tables.events import event_keys, events
from datasources.sql.tables.writing import idempotency_keys
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


class Unit:
    """One mutation inside its transaction. `is_current` is False where the customer's state may have changed since it was
    told to the database that writes."""

    def __init__(
        self, database: Database, write: Write, ids: dict[str, UUID], locked: Locked, *, is_current: bool = True
    ) -> None:
        self.write, self.ids, self._database = write, ids, database
        self.split, self.is_current = database.split, is_current
        self.membership = None if locked.membership is None else MembershipState(locked.membership)
        self.is_restricted = locked.processing == ProcessingState.RESTRICTED.value
        self.version = locked.version
        self.customer_id = PROGRAM if locked.customer_id is None else CustomerId(locked.customer_id)
        self.key = database.keyring.unwrapped(self.customer_id, locked.wrapped_key)
        self._head = locked.sequence or 0, locked.hash or GENESIS
        self._asked: list[Asked] = []
        self._messages: list[Message] = []
        self._followers = self.split.followers
        """Those that are yet to be told."""
        self.entries: dict[UUID, AuditRow] = {}
        """The entries that another database is told of, by their ids."""
        self._touched: list[Changed] = []

    def check_standing(self, *, grants: bool, lifts_block: bool = False) -> None:
        """Pass where the customer may be dealt with so (settled.md, "Restricted and blocked"). Raises Refusal."""
        if self.membership in GONE:
            raise Refusal(UserErrorCode.CUSTOMER_GONE, "The membership is closed, or the personal data was removed.")
        if grants and self.membership is MembershipState.BLOCKED and not lifts_block:
            raise Refusal(UserErrorCode.CUSTOMER_BLOCKED, "The customer is blocked.")
        if grants and self.is_restricted:
            raise Refusal(UserErrorCode.CUSTOMER_RESTRICTED, "The customer restricted processing.")
        if grants:
            self.check_current()

    def check_current(self) -> None:
        """Pass where the customer's state is known as of now. Raises SourceUnavailable."""
        if not self.is_current and self.split.profiles is not None:
            raise SourceUnavailable(self.split.profiles.name, "reading whether anything may be granted to the customer")

    def check_owned(self, *domains: Domain) -> None:
        """Pass where the domains are served by the database that writes: one transaction can't change two. Raises
        SourceRefused."""
        for domain in domains:
            if domain in self.split.elsewhere:
                told = f"changing {domain.value.lower()}, which another source serves, in one transaction with the rest"
                raise SourceRefused(self._database.name, told)

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
        """Tell the audit log what was done, wherever it is kept."""
        write, told = self.write, msgspec.json.encode(changes).decode()
        entry = ToldEntry(
            id=self.ids["audit"],
            type=write.operation,
            at=write.now,
            actor_kind=write.actor.kind.value,
            actor_id=write.actor.id,
            outcome=outcome.value,
            summary=self.seal(summary, "audit_entries.summary") or b"",
            changes=self.seal(told, "audit_entries.changes") or b"",
            reason_code=write.reason.code,
            ticket_id=write.reason.ticket_id,
            correlation_id=write.correlation_id,
        )
        if self.split.audit is None:
            row = self.chained(entry)
            self.change(AUDITED, row)
            self.change(CHAINED_ON, {name: row[name] for name in ("customer_id", "sequence", "hash")})
        else:
            self.send(self.split.audit, News.AUDIT, entry)
            self.entries[entry.id] = _shown(self.customer_id, write, entry, (summary, told))

    def chained(self, entry: ToldEntry) -> dict[str, Any]:
        """The entry as the next link of the customer's chain, over the ciphertext: its row."""
        sequence, previous = self._head
        row: dict[str, Any] = msgspec.structs.asdict(entry)
        row |= {"customer_id": self.customer_id, "sequence": sequence + 1}
        self._head = sequence + 1, next_hash(previous, [row[name] for name in CHAINED])
        return row | {"hash": self._head[1]}

    def record(self, happened: Happened) -> None:
        """Add an event to the customer's stream."""
        write, event_id = self.write, new_id()
        event = ToldEvent(
            id=event_id,
            type=happened.type,
            occurred_at=happened.occurred_at or write.now,
            recorded_at=write.now,
            reference_id=happened.reference_id,
            facts=dict(happened.facts),
            search_text=search_text(write.program, happened.type, happened.facts),
        )
        if self.split.events is not None:
            self.send(self.split.events, News.EVENT, event)
            return
        identity = {"customer_id": self.customer_id, "source": SOURCE, "source_event_id": str(event_id)}
        self.change(RECORDED, identity | msgspec.structs.asdict(event) | {"channel": "GATEWAY", "attributes": None})
        self.change(IDENTIFIED, identity | {"event_id": event_id})

    def post(self, message: Message) -> None:
        """Have something delivered once the transaction is committed."""
        self._messages.append(message)

    def send(
        self, told: Database, news: News, payload: msgspec.Struct | None = None, about: CustomerId | None = None
    ) -> None:
        """Have another database told something about the customer, or about another one who is locked too."""
        whom = self.customer_id if about is None else about
        given: dict[str, Any] = {} if payload is None else msgspec.to_builtins(payload)
        self.post(Message(topic_of(told), whom, whom, news.value, given))

    def feed(self, news: News, payload: msgspec.Struct | None = None, about: CustomerId | None = None) -> None:
        """Have the profiles' database told, where it is another one: customers are looked up and filtered there."""
        if self.split.profiles is not None:
            self.send(self.split.profiles, news, payload, about)

    def tell_followers(self) -> None:
        """Have the databases that follow this one told that the customer's state, places or identifiers changed."""
        followers, self._followers = self._followers, ()
        for follower in followers:
            self.send(follower, News.CUSTOMER)

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
        if self._messages:
            asked += posted(self._messages, self.write.now)
            self._messages = []
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
        self._claims, self._live = Claims(database), LiveStates(database)
        self._locks = Locks(database)

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
        live = await self._live.of(customer)
        written = await self.database.transact(
            lambda: self._run(write, customer, dict(ids), work, live=live), keep=not write.dry_run
        )
        self._ring()
        return written

    async def refuse(self, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
        """See Writer: the customer's chain, or the program's where this source does not know them."""
        await self.database.transact(lambda: self._refused(write, customer or PROGRAM, refusal))
        self._ring()

    def _ring(self) -> None:
        """Have what was put into the outbox for other databases delivered: it is committed by now, so that it is found."""
        if self.database.split.told:
            self.database.bell.ring()

    def _run(
        self, write: Write, customer: CustomerId | None, ids: dict[str, UUID], work: Work[Shown], *, live: Live
    ) -> Statements[Written[Shown]]:
        replayed = yield from self._claims.claimed(write, ids)
        if replayed is not None:
            return Written(replayed, replayed=True, refusal=_kept(replayed))
        locked = NOBODY if customer is None else (yield from self._locks.taken(customer))
        if (locked.customer_id is None and customer not in (None, PROGRAM)) or not live.is_known:
            raise CustomerUnknown(self.source, "reading the customer's state")
        if live.state is not None:
            locked = msgspec.structs.replace(locked, **msgspec.structs.asdict(live.state))
        check_reason(write)
        unit = Unit(self.database, write, ids, locked, is_current=live.is_current)
        shown = yield from work(unit)
        yield from unit.flush()
        return Written(ids, shown, refusal=_kept(ids), entry=unit.entries.get(ids["audit"]))

    def _refused(self, write: Write, customer: CustomerId, refusal: Refusal) -> Statements[None]:
        locked = yield from self._locks.taken(customer)
        if locked.customer_id is None and customer != PROGRAM:
            locked = yield from self._locks.taken(PROGRAM)
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


def _shown(customer: CustomerId, write: Write, entry: ToldEntry, texts: tuple[str, str]) -> AuditRow:
    """An entry as it will be read: summary and changes in clear."""
    return AuditRow(
        customer_id=customer,
        id=entry.id,
        type=entry.type,
        at=entry.at,
        actor_kind=write.actor.kind,
        actor_id=entry.actor_id,
        outcome=AuditOutcome(entry.outcome),
        summary=texts[0],
        changes_json=texts[1],
        reason_code=entry.reason_code,
        ticket_id=entry.ticket_id,
        correlation_id=entry.correlation_id,
    )
