"""How another system is changed: asked whether it may be, called under a key of the caller's, and recorded here.

What ends between the call and the record leaves an unknown outcome: the same key asks the system again, which repeats what
it did, and it is recorded once.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from datasources.errors import OutcomeUnknown, SourceError, SourceRefused
from datasources.http.client import Call, HttpClient, Reply
from datasources.http.identities import Identities
from datasources.http.ids import id_of
from datasources.http.methods import methods_of
from datasources.http.mutations import Change, Changes
from datasources.http.paths import Unclear
from datasources.http.reader import HttpReader
from datasources.ids import CustomerId, OwnedId, new_id
from datasources.read_only import unchangeable
from datasources.refusals import UserErrorCode
from datasources.surroundings import Record, Recorder, Standing
from datasources.writing import Refusal, Write, Written

Shown = TypeVar("Shown")
Rows = Sequence[Any]
"""What a change is about as the system has it, in the order of `Doing.about`; afterwards what was made, where it makes
something."""

CONFLICT = 409
PLAIN = Standing(grants=False)


def nothing(_before: Rows) -> None:
    """There is nothing to check."""


class Doing(msgspec.Struct, Generic[Shown], frozen=True):
    """A change as a domain asks for it: about whom and what, with which values, and how it is told.

    `check` raises the Refusal of what is not to be changed.
    """

    customer: CustomerId
    about: tuple[OwnedId, ...]
    values: Mapping[str, Any]
    show: Callable[[Rows], Shown]
    tell: Callable[[Rows, Rows], Record]
    standing: Standing = PLAIN
    check: Callable[[Rows], None] = nothing


class HttpWriter:
    """What the writers over another system share."""

    def __init__(
        self, reader: HttpReader, client: HttpClient, changes: Changes, *, recorder: Recorder, identities: Identities
    ) -> None:
        self.domain, self.source = reader.domain, reader.source
        self._reader: Any = reader  # serves its domain's protocol
        self._client, self._changes, self._recorder, self._identities = client, changes, recorder, identities

    async def refuse(self, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
        """See Writer."""
        await self._recorder.refuse(write, customer, refusal)

    async def carry_out(self, write: Write, doing: Doing[Shown]) -> Written[Shown]:
        """Have the system make the change and record it, or repeat the answer that the key got.

        Raises Refusal, SourceUnavailable, SourceTimedOut, SourceRefused, OutcomeUnknown.
        """
        change = self._changes.get(write.operation)
        if change is None:
            raise unchangeable(self.source)
        if write.dry_run:
            message = f"This is kept in {self.source}, which can't try a change out: ask without dryRun."
            raise Refusal(UserErrorCode.INVALID, message, "dryRun")
        replayed = await self._recorder.admit(write, doing.customer, doing.standing)
        if replayed is not None:
            return Written(replayed.ids, replayed=True, refusal=replayed.refusal)
        before = await self._read(change, doing.about, write)
        if None in before:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has nothing of this kind.")
        doing.check(before)
        call = await self._call(change, write, doing)
        # From here on it goes to its end, whatever becomes of the caller.
        return await self._client.finished(self._made(change, write, doing, call=call, before=before))

    async def _made(
        self, change: Change, write: Write, doing: Doing[Shown], *, call: Call, before: Rows
    ) -> Written[Shown]:
        reply = await self._client.call(call)
        _check(change, reply)
        try:
            made = _made(change, reply)
            keys = doing.about if made is None else ((doing.customer, made[1]),)
            after = await self._read(change, keys, write)
            if None in after:
                raise OutcomeUnknown(self.source, call.doing)
            record = doing.tell(before, after)
            if made is not None:
                record = msgspec.structs.replace(record, made=dict((made,)))
            written = await self._recorder.record(write, doing.customer, doing.standing, record)
        except (SourceError, Unclear) as error:
            raise OutcomeUnknown(self.source, call.doing) from error
        shown = None if written.replayed else doing.show(after)
        return Written(written.ids, shown, written.replayed, entry=written.entry)

    async def _call(self, change: Change, write: Write, doing: Doing[Any]) -> Call:
        known = await self._identities.of([doing.customer], change.identifiers)
        shared = {
            "operation": write.operation,
            "actor": write.actor.id,
            "actor_kind": write.actor.kind,
            "reason": write.reason.code,
            "now": write.now,
        }
        values = {**shared, **known.get(doing.customer, {}), **doing.values}
        is_known = all(values.get(name) is not None for name in change.identifiers)
        call = change.request.filled(f"sending {write.operation}", values) if is_known else None
        if call is None:
            raise Refusal(UserErrorCode.NOT_FOUND, f"{self.source} does not know the customer, or what this is about.")
        key = {self._client.idempotency_header: key_of(write)}
        return msgspec.structs.replace(call, headers=key, writes=True)

    async def _read(self, change: Change, keys: Sequence[OwnedId], write: Write) -> Rows:
        """What the system has of the keys. Raises SourceError."""
        if not keys:
            return ()
        method = methods_of(self.domain)[change.mutation.reads]
        shared = (write.now,) if "now" in method.shared else ()
        rows: Rows = await getattr(self._reader, method.name)(keys, *shared)
        for row in rows:
            if isinstance(row, SourceError):
                raise row
        return rows


def key_of(write: Write) -> str:
    """The key that the system is sent: another one for each caller and mutation, so that none stands for another's."""
    if write.key is None:
        return str(new_id())
    named = "\x1f".join((write.caller, write.operation, write.key))
    return str(UUID(bytes=hashlib.sha256(named.encode()).digest()[:16]))


def _check(change: Change, reply: Reply) -> None:
    """Pass for a change that was made. Raises Refusal, SourceRefused, OutcomeUnknown."""
    if reply.is_good:
        return
    try:
        reason = None if change.error is None else change.error.text_of(reply.answer)
    except (Unclear, SourceError):
        reason = None
    code = change.refusals.get(reason or "")
    if code is not None:
        raise Refusal(code, f"{reply.source} refused this: {reason}.")
    # A conflict that has no other meaning is the first of two with the same key, which is not through yet.
    failure = OutcomeUnknown if reply.status == CONFLICT else SourceRefused
    raise failure(reply.source, reply.doing)


def _made(change: Change, reply: Reply) -> tuple[str, Any] | None:
    """Name and id of what was made, None for a mutation that makes nothing. Raises Unclear, SourceError."""
    if change.made is None or change.mutation.makes is None:
        return None
    text = change.made.text_of(reply.answer)
    if not text:
        raise Unclear("made")
    return change.mutation.makes, id_of(text)
