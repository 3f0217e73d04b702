"""Labels of the audit log, what forgetting leaves of it, and approvals that run out."""

import datetime as dt

import pytest
from sqlalchemy import update

from datasources.audit import ApprovalFilter, ApprovalState, AuditChange, in_words
from datasources.paging import PageRequest
from datasources.profiles import Within
from datasources.refusals import UserErrorCode
from datasources.sql.audit import SqlAudit
from datasources.sql.tables.audit import approvals
from datasources.sql.tables.profiles import customers
from tests.demo import Demo
from tests.unit.writable import changed, customer_of

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("mutation", "label"),
    [
        ("noteAdd", "Note add"),
        ("pointsAdjustmentReverse", "Points adjustment reverse"),
        ("customerBlock", "Customer block"),
    ],
)
def test_a_mutation_is_told_in_words(mutation: str, label: str) -> None:
    assert in_words(mutation) == label


async def test_forgetting_leaves_who_did_what_and_when_and_nothing_of_the_texts(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000007")
    page = PageRequest(now=NOW, first=1)
    destroyed = update(customers).where(customers.c.customer_id == customer).values(wrapped_key=None)
    async with changed(demo) as database:
        ((before,),) = (found.rows for found in await SqlAudit(database).log([customer], page))
    async with changed(demo, destroyed) as database:
        ((after,),) = (found.rows for found in await SqlAudit(database).log([customer], page))
    assert before.changes == (AuditChange("processing", "ACTIVE", "RESTRICTED"),)
    assert before.summary == "processing set to RESTRICTED"
    assert (after.changes, after.summary) == ((), "")
    assert (after.id, after.type, after.at, after.actor) == (before.id, before.type, before.at, before.actor)


async def test_an_approval_expires_at_its_moment_unless_it_was_decided(demo: Demo) -> None:
    ends = update(approvals).values(expires_at=NOW)
    async with changed(demo, ends) as database:
        reader = SqlAudit(database)
        told = {
            (now, state): sorted(row.amount for row in page.rows)
            for now in (NOW - MOMENT, NOW)
            for state in (ApprovalState.PENDING, ApprovalState.EXPIRED, ApprovalState.EXECUTED)
            for page in (await reader.waiting(PageRequest(now=now, first=9, filter=ApprovalFilter(state)), Within()),)
        }
        everything = await reader.waiting(PageRequest(now=NOW, first=9, want_total=True), Within())
        ids = [row.id for row in everything.rows]
        states = {row.state for row in await reader.approvals(ids, Within(), NOW - MOMENT) if row}
    assert told == {
        (NOW - MOMENT, ApprovalState.PENDING): [800, 900],
        (NOW - MOMENT, ApprovalState.EXPIRED): [],
        (NOW - MOMENT, ApprovalState.EXECUTED): [750],
        (NOW, ApprovalState.PENDING): [],
        (NOW, ApprovalState.EXPIRED): [800, 900],
        (NOW, ApprovalState.EXECUTED): [750],
    }
    assert everything.total == 4
    assert states == {ApprovalState.PENDING, ApprovalState.EXECUTED, ApprovalState.REJECTED}


async def test_approvals_of_customers_out_of_reach_do_not_exist(demo: Demo) -> None:
    pending, rejected = await customer_of(demo, "CJ-000015"), await customer_of(demo, "CJ-000016")
    page = PageRequest(now=NOW, first=9, want_total=True)
    async with changed(demo) as database:
        reader = SqlAudit(database)
        own = await reader.waiting(page, Within(customer=pending))
        at_store = await reader.waiting(page, Within(stores=("3316",)))
        found = await reader.approvals([own.rows[0].id, at_store.rows[0].id], Within(customer=pending), NOW)
    assert (own.total, [row.customer_id for row in own.rows]) == (1, [pending])
    assert (at_store.total, [row.customer_id for row in at_store.rows]) == (1, [rejected])
    assert found == [own.rows[0], None]


async def test_a_failed_execution_tells_its_code(demo: Demo) -> None:
    failed = (
        update(approvals).where(approvals.c.state == "EXECUTED").values(state="FAILED", failure_code="CUSTOMER_GONE")
    )
    async with changed(demo, failed) as database:
        page = PageRequest(now=NOW, first=9, filter=ApprovalFilter(ApprovalState.FAILED))
        found = await SqlAudit(database).waiting(page, Within())
    assert [row.failure_code for row in found.rows] == [UserErrorCode.CUSTOMER_GONE]
