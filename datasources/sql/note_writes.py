"""Notes written in SQL."""

from typing import Any, ClassVar

import msgspec
from msgspec import UnsetType
from sqlalchemy import Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.ids import EntityId, OwnedId
from datasources.notes import (
    NoteAddition,
    NoteChange,
    NoteDeletion,
    NoteRevisionRow,
    NoteRow,
    NoteShown,
    check_editor,
    check_reason_key,
    edited,
)
from datasources.program import ProgramSettings
from datasources.recording import Facts, Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.changes import Change, inserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.notes import NOTE, REVISION
from datasources.sql.tables.notes import note_revisions, notes
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.texts import trimmed
from datasources.writing import Refusal, Write, Written

TEXT, REVISED_TEXT = "notes.text", "note_revisions.text"
SET = ("text", "reason_key", "edited_at", "edited_by_kind", "edited_by_id", "version")
"""The columns that an edit changes."""


def _set(*names: str) -> Change:
    """Other values of a note's columns."""
    return Change(
        lambda place: (
            notes.update()
            .where(*(notes.c[name] == place.bind(name, notes.c[name].type) for name in ("customer_id", "id")))
            .values({name: place.bind(name, notes.c[name].type) for name in names})
        )
    )


WRITTEN, REVISED = inserted(notes), inserted(note_revisions)
EDITED, DELETED = _set(*SET), _set("deleted_at")


class SqlNoteWrites(SqlWriter):
    """Serves `datasources.notes.NoteWriter`."""

    domain: ClassVar[Domain] = Domain.NOTES

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        whose, which = bindparam("customer", type_=Uuid()), bindparam("note", type_=Uuid())
        note = select(notes.c.deleted_at, *NOTE.columns).where(notes.c.customer_id == whose, notes.c.id == which)
        self._note = Prepared(note, lambda deleted_at, *row: (deleted_at, NOTE.make(*row)), database.dialect)
        revisions = (
            select(*REVISION.columns)
            .where(note_revisions.c.customer_id == whose, note_revisions.c.note_id == which)
            .order_by(note_revisions.c.version)
        )
        self._revisions = Prepared(revisions, REVISION.make, database.dialect)

    async def add(self, write: Write, asked: NoteAddition) -> Written[NoteShown]:
        """See NoteWriter."""
        return await self.carry_out(write, asked.customer_id, ("note",), lambda unit: self._added(unit, asked))

    async def update(self, write: Write, asked: NoteChange, *, edits_any: bool) -> Written[NoteShown]:
        """See NoteWriter."""
        return await self.carry_out(write, asked.note_id[0], (), lambda unit: self._updated(unit, asked, edits_any))

    async def delete(self, write: Write, asked: NoteDeletion) -> Written[NoteShown]:
        """See NoteWriter."""
        return await self.carry_out(write, asked.note_id[0], (), lambda unit: self._deleted(unit, asked))

    def _added(self, unit: Unit, asked: NoteAddition) -> Statements[NoteShown]:
        text = trimmed(asked.text, "text")
        check_reason_key(unit.write.program, asked.reason_key)
        unit.check_standing(grants=False)
        note = _new(unit, text, asked.reason_key)
        unit.change(WRITTEN, _stored(unit, note))
        first = _revise(unit, note)
        unit.audit("Note added", _differences(None, note))
        unit.record(Happened("note_added", _facts(unit.write.program, note), EntityId(note.id)))
        yield from unit.flush()
        return NoteShown(note, (first,))

    def _updated(self, unit: Unit, asked: NoteChange, edits_any: bool) -> Statements[NoteShown]:
        if not isinstance(asked.reason_key, UnsetType):
            check_reason_key(unit.write.program, asked.reason_key)
        unit.check_standing(grants=False)
        is_deleted, before = yield from self._of(unit, asked.note_id)
        if is_deleted:
            raise Refusal(UserErrorCode.NOT_FOUND, "The note was deleted.", "noteId")
        check_editor(before, unit.write.actor, edits_any=edits_any)
        unit.check_version(before.version)
        after = edited(unit.write, before, asked)
        unit.change(EDITED, _stored(unit, after))
        _revise(unit, after)
        unit.audit("Note edited", _differences(before, after))
        if not unit.write.dry_run:
            return NoteShown(after)
        yield from unit.flush()
        customer, note = asked.note_id
        revisions = yield Sent(self._revisions, {"customer": customer, "note": note})
        return NoteShown(after, tuple(_opened(unit, row, REVISED_TEXT) for row in revisions))

    def _deleted(self, unit: Unit, asked: NoteDeletion) -> Statements[NoteShown]:
        unit.check_standing(grants=False)
        is_deleted, note = yield from self._of(unit, asked.note_id)
        if is_deleted:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The note was deleted already.", "noteId")
        unit.check_version(note.version)
        customer, note_id = asked.note_id
        unit.change(DELETED, {"customer_id": customer, "id": note_id, "deleted_at": unit.write.now})
        unit.audit("Note deleted", (AuditChange(f"notes.{note.id}.text", note.text, None),))
        return NoteShown(None)

    def _of(self, unit: Unit, note_id: OwnedId) -> Statements[tuple[bool, NoteRow]]:
        """Whether the note was deleted, and what it says. Raises Refusal."""
        found = yield Sent(self._note, {"customer": note_id[0], "note": note_id[1]})
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "There is no such note.", "noteId")
        ((deleted_at, note),) = found
        return deleted_at is not None, _opened(unit, note, TEXT)


def _new(unit: Unit, text: str, reason_key: str | None) -> NoteRow:
    write = unit.write
    return NoteRow(
        customer_id=unit.customer_id,
        id=unit.ids["note"],
        text=text,
        reason_key=reason_key,
        created_at=write.now,
        author_kind=write.actor.kind,
        author_id=write.actor.id,
        edited_at=None,
        edited_by_kind=None,
        edited_by_id=None,
        version=1,
    )


def _stored(unit: Unit, note: NoteRow) -> dict[str, Any]:  # whatever its columns hold
    """The row as it is stored."""
    return msgspec.structs.asdict(note) | {"text": unit.seal(note.text, TEXT), "author_kind": note.author_kind.value}


def _revise(unit: Unit, note: NoteRow) -> NoteRevisionRow:
    """One more revision: every change is one, so that all who wrote are known (Q7)."""
    actor = unit.write.actor
    revision = NoteRevisionRow(note.customer_id, note.id, note.version, note.text, unit.write.now, actor.kind, actor.id)
    sealed = {"text": unit.seal(note.text, REVISED_TEXT), "editor_kind": actor.kind.value}
    unit.change(REVISED, msgspec.structs.asdict(revision) | sealed)
    return revision


def _opened(unit: Unit, row: Any, field: str) -> Any:  # a note or a revision, the same as came in
    """The row with its text opened; nothing of it is left where the customer's key was destroyed."""
    text = "" if unit.key is None else unit.key.open(row.text, field)
    return msgspec.structs.replace(row, text=text)


def _differences(before: NoteRow | None, after: NoteRow) -> list[AuditChange]:
    """Version and reason as they were and became: what it said is in its revisions."""
    return [
        AuditChange(f"notes.{after.id}.{spelled}", was, became)
        for name, spelled in (("version", "version"), ("reason_key", "reasonKey"))
        for was, became in ((getattr(before, name, None), getattr(after, name)),)
        if was != became
    ]


def _facts(program: ProgramSettings, note: NoteRow) -> Facts:
    """What its event tells: which note, and why, but nothing of the text (F24)."""
    label = next((reason.label for reason in program.note_reasons if reason.key == note.reason_key), None)
    return {"note_id": str(note.id), "reason_key": note.reason_key, "reason_label": label}
