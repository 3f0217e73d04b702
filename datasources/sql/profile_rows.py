"""The customer's own row as writes read and change it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.profile_writing import CustomerShown
from datasources.profiles import ConsentRow, CustomerRow
from datasources.registry import Domain
from datasources.sql.changes import inserted, updated
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.profiles import CONSENT, CUSTOMER
from datasources.sql.tables.profiles import consents, customers, profile_versions
from datasources.sql.unit_of_work import Unit

PROFILE = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "email_verified_at",
    "phone_verified_at",
    "date_of_birth",
    "gender",
    "locale",
    "spoken_languages",
    "addresses",
    "attributes",
    "external_ids",
    "favorite_location_id",
    "first_name_key",
    "last_name_key",
    "email_key",
    "phone_key",
)
VERSION = ("version", "updated_at")
MADE = inserted(customers)
REWRITTEN = updated(customers, *PROFILE, *VERSION)
TOUCHED = updated(customers, *VERSION)
VERSIONED = inserted(profile_versions)


class Standing(msgspec.Struct, frozen=True):
    """How a membership stands, and what it goes back to: the columns of a customer that an action changes."""

    membership: str
    verified_at: dt.datetime | None
    blocked_at: dt.datetime | None
    block_reason: str | None
    deleted_at: dt.datetime | None
    state_before: str | None
    status_key: str
    status_before: str | None


MOVED = updated(customers, *Standing.__struct_fields__, *VERSION)


class ProfileRows:
    """Reads what the rules decide by."""

    def __init__(self, database: Database) -> None:
        dialect, who = database.dialect, bindparam("customer", type_=Uuid())
        of_customer = select(*CUSTOMER.columns).where(customers.c.customer_id == who)
        self._customer = Prepared(of_customer, CUSTOMER.make, dialect)
        columns = [customers.c[name] for name in Standing.__struct_fields__]
        self._standing = Prepared(select(*columns).where(customers.c.customer_id == who), Standing, dialect)
        agreed = select(*CONSENT.columns).where(consents.c.customer_id == who)
        self._consents = Prepared(agreed.order_by(consents.c.channel, consents.c.purpose), CONSENT.make, dialect)

    def customer(self, unit: Unit) -> Statements[CustomerRow]:
        """The customer."""
        (found,) = yield Sent(self._customer, {"customer": unit.customer_id})
        row: CustomerRow = found
        return row

    def standing(self, unit: Unit) -> Statements[Standing]:
        """How the membership stands."""
        (found,) = yield Sent(self._standing, {"customer": unit.customer_id})
        standing: Standing = found
        return standing

    def consents(self, unit: Unit) -> Statements[tuple[ConsentRow, ...]]:
        """What the customer agreed to, by channel and purpose."""
        return tuple((yield Sent(self._consents, {"customer": unit.customer_id})))

    def shown(self, unit: Unit) -> Statements[CustomerShown | None]:
        """The customer as a dry run would leave them; whatever else is written is read by who wants to see it."""
        if not unit.write.dry_run:
            return None
        yield from unit.flush()
        row = yield from self.customer(unit)
        return CustomerShown(row, (yield from self.consents(unit)))


def tell(unit: Unit, summary: str, changes: Sequence[AuditChange]) -> dict[str, Any]:
    """Tell the audit log, the history of the profile, which goes on with a version more, and the databases that follow:
    columns of the customer's row."""
    unit.check_owned(Domain.PROFILES)
    write, version = unit.write, (unit.version or 0) + 1
    unit.audit(summary, changes)
    unit.tell_followers()
    told: dict[str, Any] = {
        "customer_id": unit.customer_id,
        "version": version,
        "operation": write.operation,
        "changes": unit.seal(msgspec.json.encode(changes).decode(), "profile_versions.changes") or b"",
        "at": write.now,
        "actor_kind": write.actor.kind.value,
        "actor_id": write.actor.id,
        "reason_code": write.reason.code,
    }
    unit.change(VERSIONED, told)
    return {"customer_id": unit.customer_id, "version": version, "updated_at": write.now}


def row_of(row: CustomerRow) -> dict[str, Any]:
    """The columns of a new customer's row."""
    columns = msgspec.structs.asdict(row)
    del columns["membership_state"]
    return columns | {"membership": row.membership_state.value, "processing": row.processing.value}
