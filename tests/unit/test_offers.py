import datetime as dt
from uuid import UUID

import msgspec
import pytest

from datasources.ids import EntityId
from datasources.offers import (
    GRANTING,
    OPEN_IN,
    AvailableOfferRow,
    CustomerOfferFilter,
    CustomerOfferRow,
    CustomerOfferState,
    OfferRow,
    OfferType,
    issue_blockers,
)
from datasources.paging import Page, PageRequest
from datasources.points import PointAuditRow, PointEntryKind
from datasources.profiles import MembershipState, ProcessingState
from resolvers.offers import IncentiveKind, merged
from tests.unit.customers import SOMEONE, someone

NOW = dt.datetime(2026, 1, 26, 5, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
State = CustomerOfferState

OFFER = OfferRow(
    id=EntityId(UUID(int=1)),
    key="mug",
    name="Mug",
    type=OfferType.FREE_ITEM,
    title="A mug",
    description="d" * 150,
    starts_at=NOW - HOUR,
    ends_at=NOW + HOUR,
    is_active=True,
    is_issuable=True,
    inventory_remaining=1,
    per_customer_limit=2,
    created_at=NOW - HOUR,
)


def held(id: int, issued_at: dt.datetime, **changes: object) -> CustomerOfferRow:
    row = CustomerOfferRow(
        customer_id=SOMEONE.customer_id,
        id=EntityId(UUID(int=id)),
        offer_id=OFFER.id,
        state=State.ISSUED,
        issued_at=issued_at,
        issued_by_kind=None,
        issued_by_id=None,
        distributed_at=None,
        activated_at=None,
        redeemable_from=None,
        redeemable_until=None,
        redeemed_at=None,
        is_visible=True,
        excluded_at=None,
        flex_fields=(),
        transaction_id=None,
        variant=None,
        **{f"offer_{name}": getattr(OFFER, name) for name in OFFER.__struct_fields__ if name != "id"},
    )
    return msgspec.structs.replace(row, **changes)


def entry(id: int, occurred_at: dt.datetime) -> PointAuditRow:
    return PointAuditRow(
        customer_id=SOMEONE.customer_id,
        id=UUID(int=id),
        account_key="points",
        sequence=1,
        transaction_id=None,
        purchase_id=None,
        source_key="purchase",
        modification=5,
        amount_spent=0,
        amount_expired=0,
        remaining=5,
        kind=PointEntryKind.EARN,
        reference_type="transaction",
        reference_id=None,
        description=None,
        occurred_at=occurred_at,
        recorded_at=occurred_at,
        expires_at=None,
        balance_before=0,
        balance_after=5,
        actor_kind=None,
        actor_id=None,
        reason_code=None,
        internal_note=None,
        customer_visible_reason=None,
        reverses_id=None,
        reversed_by_id=None,
    )


def blockers(offer: dict[str, object], customer: dict[str, object], **had: object) -> list[str]:
    row = AvailableOfferRow(msgspec.structs.replace(OFFER, **offer), **{"held": 0, "excluded_at": None, **had})
    return [blocker.value for blocker in issue_blockers(row, someone(**customer), NOW)]


@pytest.mark.parametrize(
    ("offer", "customer", "had", "expected"),
    [
        ({}, {}, {}, []),
        ({}, {}, {"held": 1}, []),
        ({}, {}, {"held": 2}, ["PER_CUSTOMER_LIMIT"]),
        ({"per_customer_limit": None}, {}, {"held": 9}, []),
        ({}, {}, {"excluded_at": NOW}, ["EXCLUDED"]),
        ({"inventory_remaining": 0}, {}, {}, ["NO_INVENTORY"]),
        ({"inventory_remaining": None}, {}, {}, []),
        ({"is_issuable": False}, {}, {}, ["NOT_ISSUABLE"]),
        ({"is_active": False}, {}, {}, ["INACTIVE"]),
        ({"is_active": False, "ends_at": NOW}, {}, {}, ["ENDED"]),
        ({"starts_at": NOW + HOUR}, {}, {}, ["NOT_STARTED"]),
        ({"starts_at": NOW}, {}, {}, []),
        ({"starts_at": None, "ends_at": None}, {}, {}, []),
        ({}, {"processing": ProcessingState.RESTRICTED}, {}, ["CUSTOMER_RESTRICTED"]),
        ({}, {"membership_state": MembershipState.BLOCKED}, {}, ["CUSTOMER_BLOCKED"]),
        ({}, {"membership_state": MembershipState.DELETED}, {}, ["CUSTOMER_GONE"]),
        ({}, {"membership_state": MembershipState.FORGOTTEN}, {}, ["CUSTOMER_GONE"]),
        ({}, {"membership_state": MembershipState.PENDING_VERIFICATION}, {}, []),
        (
            {"inventory_remaining": 0, "is_issuable": False},
            {"membership_state": MembershipState.BLOCKED, "processing": ProcessingState.RESTRICTED},
            {"excluded_at": NOW},
            ["NOT_ISSUABLE", "NO_INVENTORY", "EXCLUDED", "CUSTOMER_BLOCKED", "CUSTOMER_RESTRICTED"],
        ),
    ],
)
def test_everything_that_keeps_an_offer_from_being_issued_is_told_in_order(offer, customer, had, expected):
    assert blockers(offer, customer, **had) == expected


def test_mutations_are_open_in_the_states_of_the_state_machine():
    wallet = {State.ISSUED, State.ACTIVATED}
    assert {
        "offerActivate": {State.ISSUED},
        "offerRedeem": wallet,
        "offerReinstate": {State.REDEEMED},
        "offerRevoke": wallet,
        "offerRemove": wallet,
        "offerRedemptionDatesChange": wallet | {State.EXPIRED},
        "offerFlexFieldsUpdate": wallet | {State.EXPIRED, State.REDEEMED},
    } == OPEN_IN
    assert OPEN_IN.keys() - GRANTING == {"offerRevoke", "offerRemove", "offerFlexFieldsUpdate"}


def test_a_preview_is_the_first_140_characters_of_the_description():
    row = held(1, NOW)
    assert row.preview == "d" * 140
    assert msgspec.structs.replace(row, offer_description=None).preview == ""


def test_an_offer_carries_the_one_it_was_issued_from():
    assert held(1, NOW).offer == OFFER


@pytest.mark.parametrize(
    ("state", "is_visible", "reason"),
    [
        (State.ISSUED, True, None),
        (State.ACTIVATED, True, None),
        (State.ISSUED, False, "HIDDEN"),
        (State.REDEEMED, True, "REDEEMED"),
        (State.EXPIRED, True, "EXPIRED"),
        (State.REVOKED, False, "REVOKED"),
        (State.REMOVED, False, "REMOVED"),
    ],
)
def test_customers_see_what_is_in_their_wallet_and_not_hidden(state, is_visible, reason):
    row = held(1, NOW, state=state, is_visible=is_visible)
    assert row.hidden_reason == reason
    assert row.is_visible_to_customer is (reason is None)


def test_a_program_can_leave_out_what_expired():
    assert CustomerOfferFilter().without_expired.state == (
        State.ISSUED,
        State.ACTIVATED,
        State.REDEEMED,
        State.REVOKED,
        State.REMOVED,
    )
    assert CustomerOfferFilter((State.EXPIRED, State.ISSUED)).without_expired.state == (State.ISSUED,)
    assert CustomerOfferFilter((State.EXPIRED,)).without_expired.state == ()


def test_incentives_are_both_lists_newest_first_then_by_id():
    offers = Page((held(9, NOW), held(2, NOW - HOUR)), ("issued_at", "id"), total=2)
    entries = Page((entry(8, NOW), entry(3, NOW - HOUR)), ("occurred_at", "id"), total=2)
    page = merged([offers, entries], PageRequest(now=NOW, first=3, want_total=True))
    assert [(row.id.int, row.kind, row.points) for row in page.rows] == [
        (9, IncentiveKind.OFFER, None),
        (8, IncentiveKind.POINTS, 5),
        (3, IncentiveKind.POINTS, 5),
    ]
    assert (page.has_next, page.has_previous, page.total) == (True, False, 4)
    assert page.position_of(page.rows[1]) == (NOW, UUID(int=8))


@pytest.mark.parametrize(("more_offers", "size", "has_next"), [(False, 2, False), (True, 2, True), (False, 1, True)])
def test_incentives_go_on_while_either_list_does(more_offers, size, has_next):
    offers = Page((held(9, NOW),), ("issued_at", "id"), has_next=more_offers)
    entries = Page((entry(8, NOW),), ("occurred_at", "id"))
    page = merged([offers, entries], PageRequest(now=NOW, first=size, after=(NOW + HOUR, UUID(int=1))))
    assert (len(page.rows), page.has_next, page.has_previous, page.total) == (size, has_next, True, None)
