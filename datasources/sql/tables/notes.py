"""Staff notes, each with all its revisions."""

from sqlalchemy import BigInteger

from datasources.sql.types import Id, Instant, Sealed

from ._build import actor, by, keyword, optional, owned, required

notes = owned(
    "notes",
    required("text", Sealed()),
    keyword("reason_key", nullable=True),
    required("created_at", Instant()),
    *actor("author", nullable=False),
    optional("edited_at", Instant()),
    *actor("edited_by"),
    required("version", BigInteger()),
    optional("deleted_at", Instant()),
)
by(notes, "created_at")

note_revisions = owned(
    "note_revisions",
    required("note_id", Id()),
    required("version", BigInteger()),
    required("text", Sealed()),
    required("at", Instant()),
    *actor("editor", nullable=False),
    key=("note_id", "version"),
)
