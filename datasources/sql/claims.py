"""Idempotency keys as they are claimed inside the transaction of the write."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import String, bindparam, select

from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.tables.writing import idempotency_keys
from datasources.sql.types import Instant
from datasources.writing import Write


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
