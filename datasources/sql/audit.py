"""The audit log and approvals in SQL."""

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, bindparam, case, literal

from datasources.audit import ApprovalRow, ApprovalState, AuditRow
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest, page_of_pages
from datasources.profiles import Within
from datasources.registry import Domain
from datasources.sql.dialects import Dialect
from datasources.sql.engine import Database
from datasources.sql.filters import among, equal, within
from datasources.sql.reach import reach_of
from datasources.sql.reader import SqlReader
from datasources.sql.statements import NOW, Keyed, Paged, Rows
from datasources.sql.tables.audit import approvals, audit_entries

ENTRY = Rows(AuditRow, audit_entries, columns={"changes_json": audit_entries.c.changes})
LOG = Paged(
    ENTRY,
    order=("at", "id"),
    filters={
        "types": among(audit_entries.c.type),
        "outcomes": among(audit_entries.c.outcome),
        "actor_id": equal(audit_entries.c.actor_id),
        "at": within(audit_entries.c.at),
    },
)
ENTRIES = Keyed(ENTRY)

PENDING, EXPIRED = (literal(state.value, String()) for state in (ApprovalState.PENDING, ApprovalState.EXPIRED))
STATE = case((and_(approvals.c.state == PENDING, approvals.c.expires_at <= NOW), EXPIRED), else_=approvals.c.state)
"""Derived from the clock: what nobody decided in time is expired."""


def _in_state(_dialect: Dialect, name: str) -> ColumnElement[bool]:
    """In the derived state; the stored one, which an index holds, is asked for too."""
    asked = bindparam(name, type_=String())
    return and_(approvals.c.state == case((asked == EXPIRED, PENDING), else_=asked), asked == STATE)


APPROVAL = Rows(ApprovalRow, approvals, columns={"state": STATE, "failure_key": approvals.c.failure_code})
REACH = reach_of(approvals.c.customer_id)
APPROVALS = Keyed(APPROVAL, key=("id",), filters=REACH)
WAITING = Paged(APPROVAL, order=("requested_at", "id"), owner=None, filters=REACH | {"state": _in_state})


class SqlAudit(SqlReader):
    """Serves `datasources.audit.AuditReader`."""

    domain: ClassVar[Domain] = Domain.AUDIT

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.is_stepped = all(kept.dialect.is_stepped for kept in self._deciding)

    async def log(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[AuditRow]]:
        """See AuditReader."""
        return await LOG.of_each(self._database, customers, page)

    async def entries(self, keys: Sequence[OwnedId]) -> Sequence[AuditRow | None]:
        """See AuditReader."""
        return await ENTRIES.one_each(self._database, keys)

    async def approvals(self, ids: Sequence[UUID], within: Within, now: dt.datetime) -> Sequence[ApprovalRow | None]:
        """See AuditReader."""
        found = [await APPROVALS.one_each(kept, ids, within, now=now) for kept in self._deciding]
        return [next((row for row in rows if row is not None), None) for rows in zip(*found, strict=True)]

    async def waiting(self, page: PageRequest, within: Within) -> Page[ApprovalRow]:
        """See AuditReader."""
        pages = [await WAITING.of_all(kept, page, within) for kept in self._deciding]
        return pages[0] if len(pages) == 1 else page_of_pages(pages, page, descending=True)

    @property
    def _deciding(self) -> Sequence[Database]:
        """Where approvals are kept: beside what they would change."""
        return self._database.split.deciding or (self._database,)
