"""A source in memory that notes are written into, and ways in which it is wrong about writes and erasure."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from datasources.ids import CustomerId, new_id
from datasources.notes import NoteAddition, NoteRow, NoteShown
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.writing import Refusal, Write, Written
from tests.conformance.held import Held, HeldReader


class Kept(NamedTuple):
    """What was asked under a key, and what it made."""

    fingerprint: str
    ids: dict[str, UUID]


class Noted(Held):
    """Writes notes, once for each idempotency key."""

    writes = frozenset({Domain.NOTES})

    def __init__(self, rows: Any) -> None:
        super().__init__(rows)
        self.kept: dict[str | None, Kept] = {}

    def writer(self, domain: Domain) -> "Noted":
        return self

    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        kept = self.kept.get(write.key)
        if kept is not None:
            if kept.fingerprint != write.fingerprint:
                raise Refusal(UserErrorCode.IDEMPOTENCY_KEY_REUSED, "This key was used for something else.")
            return Written(kept.ids, replayed=True)
        note = NoteRow(
            customer_id=asked.customer_id,
            id=new_id(),
            text=asked.text,
            reason_key=None,
            created_at=write.now,
            author_kind=write.actor.kind,
            author_id=write.actor.id,
            edited_at=None,
            edited_by_kind=None,
            edited_by_id=None,
            version=1,
        )
        self.rows[Domain.NOTES].append(note)
        self.kept[write.key] = Kept(write.fingerprint, {"note": note.id})
        return Written({"note": note.id}, NoteShown(note))


class ForgetsKeys(Noted):
    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        self.kept.clear()
        return await super().add(write, asked)


class WritesAgain(Noted):
    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        written = await super().add(write, asked)
        if written.replayed:
            note = self.rows[Domain.NOTES][-1]
            self.rows[Domain.NOTES].append(msgspec.structs.replace(note, id=new_id()))
        return written


class ReplaysAnything(Noted):
    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        return await super().add(msgspec.structs.replace(write, fingerprint="any"), asked)


class ErasesNothing(Noted):
    async def erase(self, customer: CustomerId) -> int:
        return sum(map(len, (await self.export(customer)).values()))


class ErasesEverything(Noted):
    async def erase(self, customer: CustomerId) -> int:
        number = await super().erase(customer)
        self.rows = {domain: [] for domain in self.rows}
        return number


class VerifiesNothing(Noted):
    async def verify_erased(self, customer: CustomerId) -> bool:
        return True


class IsAlwaysWell(Noted):
    async def ping(self) -> None:
        pass


class MixesReadersUp(Noted):
    def reader(self, domain: Domain) -> HeldReader:
        return super().reader(Domain.TICKETS if domain is Domain.REWARDS else domain)
