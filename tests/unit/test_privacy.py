"""How a customer stands under privacy law, in words, and whose requests exist for a caller."""

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import Insert, insert, update

from datasources.ids import CustomerId
from datasources.paging import PageRequest
from datasources.privacy import PrivacyRequestRow, PrivacyRequestState, PrivacyRequestType, status_text
from datasources.profiles import MembershipState, ProcessingState, Within
from datasources.sql.privacy import SqlPrivacy
from datasources.sql.tables.privacy import privacy_requests
from datasources.values import ActorKind
from tests.demo import Demo
from tests.unit.writable import changed, customer_of

AT = dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)
CUSTOMER = CustomerId(UUID(int=1))
EXPORT, RESTRICT, FORGET = PrivacyRequestType.EXPORT, PrivacyRequestType.RESTRICT, PrivacyRequestType.FORGET
SUBMITTED, COMPLETED = PrivacyRequestState.SUBMITTED, PrivacyRequestState.COMPLETED


def request(type_: PrivacyRequestType, state: PrivacyRequestState) -> PrivacyRequestRow:
    completed_at = AT if state is COMPLETED else None
    return PrivacyRequestRow(
        UUID(int=2), CUSTOMER, type_, state, AT, completed_at, ActorKind.STAFF, "privacy-1", (), ()
    )


@pytest.mark.parametrize(
    ("membership", "processing", "newest", "text"),
    [
        (MembershipState.ACTIVE, ProcessingState.ACTIVE, [], "Processing goes on as usual."),
        (MembershipState.BLOCKED, ProcessingState.RESTRICTED, [], "Processing is restricted."),
        (MembershipState.ANONYMIZED, ProcessingState.RESTRICTED, [], "The personal data was removed for good."),
        (MembershipState.FORGOTTEN, ProcessingState.ACTIVE, [], "Everything personal was erased."),
        (
            MembershipState.ACTIVE,
            ProcessingState.RESTRICTED,
            [request(EXPORT, COMPLETED), request(FORGET, SUBMITTED), request(RESTRICT, COMPLETED)],
            "Processing is restricted. An erasure was requested. The data was last exported on 2026-01-20.",
        ),
        (
            MembershipState.ACTIVE,
            ProcessingState.ACTIVE,
            [request(EXPORT, PrivacyRequestState.IN_PROGRESS), request(FORGET, PrivacyRequestState.PARTIALLY_FAILED)],
            "Processing goes on as usual. An export is in progress. An erasure failed in part and is tried again.",
        ),
        (
            MembershipState.ACTIVE,
            ProcessingState.ACTIVE,
            [request(EXPORT, PrivacyRequestState.FAILED)],
            "Processing goes on as usual. An export failed.",
        ),
    ],
)
def test_the_standing_tells_processing_then_what_is_under_way_then_the_last_export(
    membership: MembershipState, processing: ProcessingState, newest: list[PrivacyRequestRow], text: str
) -> None:
    assert status_text(membership, processing, newest) == text


def made(number: int, customer: CustomerId, type_: str, state: str, at: dt.datetime) -> Insert:
    return insert(privacy_requests).values(
        id=UUID(int=number), customer_id=customer, type=type_, state=state, submitted_at=at,
        requested_by_kind="STAFF", requested_by_id="privacy-1", steps=[], files=[],
    )  # fmt: skip


async def test_the_newest_request_of_each_type_counts_unless_it_was_cancelled(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000015")
    other = await customer_of(demo, "CJ-000016")
    hour = dt.timedelta(hours=1)
    statements = (
        made(1, customer, "EXPORT", "COMPLETED", AT - hour),
        made(2, customer, "EXPORT", "SUBMITTED", AT),
        made(3, customer, "EXPORT", "SUBMITTED", AT),
        made(4, customer, "EXPORT", "CANCELLED", AT + hour),
        made(5, customer, "FORGET", "CANCELLED", AT + hour),
        made(6, customer, "RESTRICT", "COMPLETED", AT - hour),
        made(7, other, "EXPORT", "COMPLETED", AT + hour),
    )
    async with changed(demo, *statements) as database:
        found = await SqlPrivacy(database).newest([other, customer, other])
        sent = database.statements
    assert [[row.id.int for row in rows] for rows in found] == [[7], [3, 6], [7]]
    assert sent == 1


async def test_a_forgotten_customer_leaves_the_request_to_those_who_reach_everyone(demo: Demo) -> None:
    customer = await customer_of(demo, "CJ-000008")
    forgotten = update(privacy_requests).where(privacy_requests.c.customer_id == customer).values(customer_id=None)
    page = PageRequest(now=AT, first=10, want_total=True)
    async with changed(demo, forgotten) as database:
        reader = SqlPrivacy(database)
        everyone, bound = await reader.history(page, Within()), await reader.history(page, Within(customer=customer))
        at_stores = await reader.history(page, Within(stores=("321", "31582", "403")))
        (lost,) = (row for row in everyone.rows if row.customer_id is None)
        by_id = [await reader.requests([lost.id], within) for within in (Within(), Within(customer=customer))]
    assert (everyone.total, bound.total) == (4, 0)
    assert [row.type for row in at_stores.rows] == [FORGET]
    assert by_id == [[lost], [None]]
