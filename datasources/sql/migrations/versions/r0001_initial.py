"""The first schema: every table, from the frozen DDL beside this file."""

from alembic import op

from datasources.sql.migrations.initial import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
