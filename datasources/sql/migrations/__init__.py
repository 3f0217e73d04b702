"""The revisions of the schema, run by alembic (`datasources.sql.schema.upgrade`), each in one transaction.

`versions/r0001_initial.py` holds the first schema as frozen DDL, one file a dialect. Until the first release a change of
`datasources.sql.tables` is frozen anew with

    uv run python -m datasources.sql.migrations.initial

From then on it is a revision of its own (`r0002_…`, by `alembic.op`). A test holds the upgraded schema to the tables.
"""
