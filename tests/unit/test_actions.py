"""What can be done with a customer, by who asks and how the customer stands."""

import datetime as dt

import pytest

from datasources.counting import Rate
from datasources.local.counters import LocalCounters
from datasources.paging import Cursors
from datasources.profiles import CustomerRow, MembershipState, ProcessingState
from datasources.program import CustomerStatus, Program, ProgramSettings
from datasources.registry import Domain
from permissions.model import EVERYONE, AdjustmentLimit, AdjustmentOperation, Principal, Scope, ViewerKind
from permissions.roles import SCOPES
from resolvers.actions import AvailableAction, Standing, needs_approval, standing_refusal
from resolvers.context import Context, Sources, Unbound, Writers
from resolvers.customer_actions import RULES, actions
from resolvers.throttling import Throttle
from tests.unit.customers import SOMEONE, someone

NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
STATUSES = (CustomerStatus("active", "Active", allowed_next=("closed",)), CustomerStatus("closed", "Closed"))
ADD, DEDUCT = AdjustmentOperation.POINTS_ADD, AdjustmentOperation.POINTS_DEDUCT

WRITTEN = Writers.__struct_fields__


def principal(*limits: AdjustmentLimit, scopes: frozenset[Scope] = SCOPES) -> Principal:
    return Principal(ViewerKind.STAFF, "a", None, (), scopes, EVERYONE, limits)


def judged(
    row: CustomerRow,
    who: Principal | None = None,
    without: Domain | None = None,
    switched_off: tuple[str, ...] = (),
) -> dict[str, AvailableAction]:
    """The actions of a customer by name."""
    readers = {domain.value.lower(): Unbound(domain) for domain in Domain}
    bound = {domain: "main" for domain in Domain if domain is not without}
    settings = ProgramSettings("Program", "USD", customer_statuses=STATUSES, switched_off=switched_off)
    context = Context(
        who or principal(),
        Program(settings, {}),
        Sources(
            **readers,
            writers=Writers(**{name: readers.get(name, readers["profiles"]) for name in WRITTEN}),
            each={},
            bound=bound,
        ),
        cursors=Cursors(b"s" * 32),
        lookups=Throttle("lookups", Rate(60, 30), LocalCounters()),
        now=NOW,
        request_id="test",
    )
    return {action.action: action for action in actions(row, context)}


def open_to(row: CustomerRow) -> set[str]:
    return {name for name, action in judged(row).items() if action.enabled}


def test_an_active_customer() -> None:
    assert {name for name, action in judged(SOMEONE).items() if not action.enabled} == {
        "customerVerify",
        "customerUnblock",
        "customerRestore",
        "customerSmsVerificationReset",
        "personaSessionCreate",
        "privacyReinstate",
    }


def test_a_deleted_customer_can_be_restored_and_privacy_goes_on() -> None:
    assert open_to(someone(membership_state=MembershipState.DELETED)) == {
        "customerRestore",
        "customerAnonymize",
        "privacyExport",
        "privacyRestrict",
        "privacyForget",
    }


@pytest.mark.parametrize("state", [MembershipState.ANONYMIZED, MembershipState.FORGOTTEN])
def test_nothing_can_be_done_with_a_customer_whose_data_is_gone(state: MembershipState) -> None:
    assert open_to(someone(membership_state=state)) == set()


def test_what_grants_value_is_closed_to_blocked_and_restricted_customers() -> None:
    granting = {"offerIssue", "promoCodeClaim", "tagAdd", "segmentMemberAdd"}
    blocked = open_to(someone(membership_state=MembershipState.BLOCKED))
    restricted = open_to(someone(processing=ProcessingState.RESTRICTED))
    assert open_to(SOMEONE) - blocked == {*granting, "customerBlock"}
    assert open_to(SOMEONE) - restricted == {*granting, "privacyRestrict"}
    assert blocked - open_to(SOMEONE) == {"customerUnblock"}
    assert restricted - open_to(SOMEONE) == {"privacyReinstate"}


def test_a_restricted_profile_changes_only_for_who_handles_privacy() -> None:
    agent = principal(scopes=frozenset({Scope("profile:write")}))
    action = judged(someone(processing=ProcessingState.RESTRICTED), agent)["customerUpdate"]
    assert action.disabled_reason == "The customer restricted processing: you need the scope privacy:restrict."
    assert judged(SOMEONE, agent)["customerUpdate"].enabled


def test_a_final_status_has_no_next() -> None:
    action = judged(someone(status_key="closed"))["customerStatusSet"]
    assert action.disabled_reason == "No status can follow Closed."


def test_sessions_are_for_test_personas() -> None:
    assert "personaSessionCreate" in open_to(someone(is_test_persona=True))
    blocked = someone(is_test_persona=True, membership_state=MembershipState.BLOCKED)
    assert judged(blocked)["personaSessionCreate"].disabled_reason == "The customer is blocked."


def test_the_callers_own_lack_is_told_first() -> None:
    nobody = principal(scopes=frozenset())
    told = judged(someone(membership_state=MembershipState.FORGOTTEN), nobody)["pointsAdjust"]
    assert told == AvailableAction("pointsAdjust", False, "You need the scope points:adjust.", False, "points:adjust")


def test_the_program_can_switch_actions_off() -> None:
    told = judged(SOMEONE, switched_off=("offerIssue",))
    assert told["offerIssue"].disabled_reason == "The program has switched this off."
    assert {name for name, action in told.items() if action.enabled} == open_to(SOMEONE) - {"offerIssue"}


def test_a_domain_without_a_source_has_no_actions() -> None:
    closed = {name for name, action in judged(SOMEONE, without=Domain.TAGS).items() if not action.enabled}
    assert closed - {name for name, action in judged(SOMEONE).items() if not action.enabled} == {
        "tagAdd",
        "tagCountReset",
        "tagRemove",
    }


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((), False),
        ((AdjustmentLimit(ADD, 0),), False),
        ((AdjustmentLimit(ADD, 0), AdjustmentLimit(DEDUCT, 0)), True),
        ((AdjustmentLimit(ADD, 0), AdjustmentLimit(DEDUCT, 1)), False),
        ((AdjustmentLimit(ADD, 0), AdjustmentLimit(DEDUCT, None, 0)), False),
    ],
)
def test_approval_is_told_where_every_amount_needs_one(limits: tuple[AdjustmentLimit, ...], expected: bool) -> None:
    assert needs_approval(principal(*limits), (ADD, DEDUCT)) is expected
    assert judged(SOMEONE, principal(*limits))["pointsAdjust"].requires_approval is expected


def test_no_operation_needs_no_approval() -> None:
    assert needs_approval(principal(AdjustmentLimit(ADD, 0)), ()) is False


def test_standing_names_what_is_in_the_way() -> None:
    both = someone(membership_state=MembershipState.BLOCKED, processing=ProcessingState.RESTRICTED)
    assert standing_refusal(both, Standing.TAKING_PART) == "The customer is blocked."
    assert standing_refusal(both, Standing.LIVE) is None


def test_every_rule_names_a_scope_of_the_contract() -> None:
    assert {rule.scope for rule in RULES} <= SCOPES
    assert len({rule.action for rule in RULES}) == len(RULES) == 31
