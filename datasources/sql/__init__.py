"""The SQL source: SQLAlchemy Core on SQLite (embedded) and PostgreSQL."""
