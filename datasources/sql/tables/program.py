"""The program: one document of settings, and the people and services that act in it."""

from sqlalchemy import Text

from datasources.sql.types import Document, Instant

from ._build import keyword, required, shared

program = shared(
    "program",
    keyword("key"),
    required("settings", Document()),
    required("updated_at", Instant()),
    key=("key",),
)
"""One row, `key` = 'program': the whole of `datasources.program.ProgramSettings`."""

actors = shared("actors", keyword("kind"), keyword("actor_id"), required("name", Text()), key=("kind", "actor_id"))
"""Staff and services by the id that histories keep; names are resolved when read."""

imports = shared(
    "imports", keyword("key"), required("done_at", Instant()), required("report", Document()), key=("key",)
)
"""What was imported, so that a second run of the same input changes nothing."""
