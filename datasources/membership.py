"""What becomes of a membership: which action leads from which state to which (requirements 1.W, "State machines")."""

import datetime as dt
from collections.abc import Mapping
from enum import Enum

from datasources.profiles import MembershipState
from datasources.program import ProgramSettings
from datasources.refusals import UserErrorCode
from datasources.writing import Refusal

State = MembershipState


class MembershipAction(Enum):
    """What is done to a membership, by the name of the mutation."""

    VERIFY = "customerVerify"
    BLOCK = "customerBlock"
    UNBLOCK = "customerUnblock"
    DELETE = "customerDelete"
    RESTORE = "customerRestore"


Action = MembershipAction

TRANSITIONS: Mapping[tuple[State, Action], State | None] = {
    (State.PENDING_VERIFICATION, Action.VERIFY): State.ACTIVE,
    (State.ACTIVE, Action.BLOCK): State.BLOCKED,
    (State.BLOCKED, Action.UNBLOCK): State.ACTIVE,
    (State.PENDING_VERIFICATION, Action.DELETE): State.DELETED,
    (State.ACTIVE, Action.DELETE): State.DELETED,
    (State.BLOCKED, Action.DELETE): State.DELETED,
    (State.DELETED, Action.RESTORE): None,
}
"""None is the state that the membership had before it was deleted."""

DONE: Mapping[Action, State] = {
    Action.VERIFY: State.ACTIVE,
    Action.BLOCK: State.BLOCKED,
    Action.UNBLOCK: State.ACTIVE,
    Action.DELETE: State.DELETED,
}
"""The state in which there is nothing left to do."""

NOT_OPEN: Mapping[Action, str] = {
    Action.VERIFY: "The customer is not waiting for verification.",
    Action.BLOCK: "Only an active customer can be blocked.",
    Action.UNBLOCK: "The customer is not blocked.",
    Action.DELETE: "The customer is deleted already.",
    Action.RESTORE: "The customer is not deleted.",
}

SUMMARIES: Mapping[Action, str] = {
    Action.VERIFY: "Verified by hand",
    Action.BLOCK: "Blocked",
    Action.UNBLOCK: "Unblocked",
    Action.DELETE: "Deleted",
    Action.RESTORE: "Restored",
}
"""What the audit log says."""


def refusal_of(state: State, action: Action) -> Refusal | None:
    """Why the action is not open in this state; None where it is."""
    if (state, action) in TRANSITIONS:
        return None
    if DONE.get(action) is state:
        return Refusal(UserErrorCode.ALREADY_DONE, NOT_OPEN[action])
    if state in (State.ANONYMIZED, State.FORGOTTEN):
        return Refusal(UserErrorCode.CUSTOMER_GONE, "The customer's personal data was removed for good.")
    if state is State.DELETED:
        return Refusal(UserErrorCode.CUSTOMER_GONE, "The customer is deleted: restore the membership first.")
    return Refusal(UserErrorCode.INVALID_TRANSITION, NOT_OPEN[action])


def window_refusal(deleted_at: dt.datetime | None, program: ProgramSettings, now: dt.datetime) -> Refusal | None:
    """Why it is too late to restore a membership (W10); None while it is not."""
    if deleted_at is None or now < deleted_at + dt.timedelta(days=program.restore_days):
        return None
    return Refusal(
        UserErrorCode.INVALID_TRANSITION,
        f"A membership can be restored for {program.restore_days} days: create the customer anew.",
    )


def status_in(
    program: ProgramSettings, state: State, status_key: str, status_before: str | None
) -> tuple[str, str | None]:
    """The status of a customer in this state, and the one that waits for them to leave it: a status that is tied to a state
    comes and goes with it (D4)."""
    tied = next((status.key for status in program.customer_statuses if status.system_state == state.value), None)
    own = status_before or status_key
    return (own, None) if tied is None else (tied, own)


def check_status(program: ProgramSettings, current: str, wanted: str) -> None:
    """Pass for a status that staff may set after the current one (D4). Raises Refusal."""
    known = next((status for status in program.customer_statuses if status.key == wanted), None)
    if known is None:
        raise Refusal(UserErrorCode.NOT_FOUND, "The program has no such status.", "statusKey")
    if wanted == current:
        raise Refusal(UserErrorCode.ALREADY_DONE, f"The customer's status is {known.label} already.", "statusKey")
    before = program.status(current)
    if known.system_state or before.system_state:
        text = "This status comes and goes with the membership's state: verify, block, delete or restore the customer."
        raise Refusal(UserErrorCode.INVALID_TRANSITION, text, "statusKey")
    if wanted not in before.allowed_next:
        raise Refusal(
            UserErrorCode.INVALID_TRANSITION,
            f"{known.label} can't follow {before.label}: see allowedNext.",
            "statusKey",
        )
