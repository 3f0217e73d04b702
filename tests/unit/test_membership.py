"""Statuses that are tied to a state of the membership."""

import pytest

from datasources.membership import check_status, status_in
from datasources.profiles import MembershipState
from datasources.program import CustomerStatus, ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.writing import Refusal

PROGRAM = ProgramSettings(
    "Program",
    "USD",
    customer_statuses=(
        CustomerStatus("active", "Active", allowed_next=("vip", "barred")),
        CustomerStatus("vip", "VIP", allowed_next=("active",)),
        CustomerStatus("barred", "Barred", system_state="BLOCKED", allowed_next=("active",)),
        CustomerStatus("left", "Left", system_state="DELETED"),
    ),
)
ACTIVE, BLOCKED, DELETED = MembershipState.ACTIVE, MembershipState.BLOCKED, MembershipState.DELETED


def test_a_tied_status_comes_and_goes_with_its_state() -> None:
    status: tuple[str, str | None] = ("vip", None)
    seen = []
    for state in (BLOCKED, DELETED, BLOCKED, ACTIVE):
        status = status_in(PROGRAM, state, *status)
        seen.append(status)
    assert seen == [("barred", "vip"), ("left", "vip"), ("barred", "vip"), ("vip", None)]


@pytest.mark.parametrize(("current", "wanted"), [("active", "barred"), ("active", "left"), ("barred", "active")])
def test_no_tied_status_is_set_or_left_by_hand(current: str, wanted: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_status(PROGRAM, current, wanted)
    assert (refused.value.code, refused.value.path) == (UserErrorCode.INVALID_TRANSITION, ("statusKey",))


def test_what_can_follow_can_be_set() -> None:
    check_status(PROGRAM, "active", "vip")
