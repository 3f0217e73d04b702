"""Made-up audit entries in their hash chain, approvals and privacy requests, in line with what the other domains hold."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from datasources.audit_chain import GENESIS, ChainValue, next_hash
from datasources.ids import EntityId
from datasources.points import AdjustDirection, PointAdjustment
from datasources.sql.approving import stored
from datasources.sql.tables.audit import approvals, audit_entries, audit_heads
from datasources.sql.tables.privacy import privacy_requests
from datasources.writing import Reason

from .care import CareStory
from .household import EXECUTED_APPROVAL, EXPORTED, FORGET_CANCELLED, RESTRICTED, Household
from .ledger import Movement
from .people import agent

DOMAINS = (
    "PROFILES",
    "EVENTS",
    "POINTS",
    "TIERS",
    "OFFERS",
    "CARDS",
    "NOTES",
    "CAMPAIGNS",
    "REWARDS",
    "PROMO_CODES",
    "TAGS",
    "SEGMENTS",
    "MESSAGES",
    "DEVICES",
    "LOCATIONS",
    "TRANSACTIONS",
    "TICKETS",
    "METRICS",
    "PRIVACY",
    "AUDIT",
)
PRIVACY_OFFICER = ("STAFF", "privacy-1")
SUPERVISOR = ("STAFF", "supervisor-1")
NOTE = "Promised on the phone"
COMMENT = "Beyond what this case deserves"


class Act(msgspec.Struct, frozen=True):
    """Something that was done to an account, or refused."""

    at: dt.datetime
    type: str
    actor: tuple[str, str]
    summary: str
    path: str
    after: object
    outcome: str = "SUCCEEDED"
    before: object = None
    reason_code: str | None = None


def write(household: Household, manual: list[tuple[Movement, EntityId]], care: CareStory) -> None:
    """The audit log of the household with its chain, its approvals and its privacy requests."""
    staff = ("STAFF", agent(household.number))
    acts = [Act(at, "noteAdd", staff, "Note added", "notes", str(note_id)) for note_id, at in care.notes]
    for movement, entry_id in manual:
        type_ = "pointsAdjustmentReverse" if movement.reverses else "pointsAdjust"
        summary = f"{movement.points:+d} points"
        acts.append(
            Act(
                movement.at,
                type_,
                staff,
                summary,
                f"pointEntries.{entry_id}",
                movement.points,
                reason_code=movement.reason_code,
            )
        )
    acts += _bars(household, staff)
    _write_chain(household, sorted(acts, key=lambda act: act.at), care.tickets)
    _write_approvals(household)
    _write_privacy(household)


def _bars(household: Household, staff: tuple[str, str]) -> list[Act]:
    at = household.barred_at
    if at is None:
        return []
    if household.number == RESTRICTED:
        return [_bar(at, "privacyRestrict", PRIVACY_OFFICER, ("processing", "RESTRICTED"), reason="privacy_request")]
    block = _bar(at, "customerBlock", staff, ("membership", "BLOCKED"), reason="suspected_fraud")
    refused_at = at + dt.timedelta(days=1)
    refusal = "Refused: CUSTOMER_BLOCKED"
    return [block, Act(refused_at, "pointsAdjust", staff, refusal, "points", None, "REFUSED", reason_code="goodwill")]


def _bar(at: dt.datetime, type_: str, actor: tuple[str, str], change: tuple[str, str], *, reason: str) -> Act:
    path, after = change
    return Act(at, type_, actor, f"{path} set to {after}", path, after, before="ACTIVE", reason_code=reason)


def _ticket(at: dt.datetime, tickets: Iterable[tuple[dt.datetime, str]]) -> str | None:
    """The ticket that an act answers: the last one submitted in the month before it (U6)."""
    open_ones = [(since, ticket) for since, ticket in tickets if since <= at < since + dt.timedelta(days=30)]
    return max(open_ones)[1] if open_ones else None


def _write_chain(household: Household, acts: list[Act], tickets: Iterable[tuple[dt.datetime, str]]) -> None:
    previous = GENESIS
    for sequence, act in enumerate(acts, 1):
        id_ = household.id(act.at, "audit", sequence)
        changes = msgspec.json.encode([{"path": act.path, "before": act.before, "after": act.after}]).decode()
        row: dict[str, ChainValue] = {
            "id": id_,
            "sequence": sequence,
            "type": act.type,
            "at": act.at,
            "actor_kind": act.actor[0],
            "actor_id": act.actor[1],
            "outcome": act.outcome,
            "summary": household.seal(act.summary, "audit_entries.summary"),
            "changes": household.seal(changes, "audit_entries.changes"),
            "reason_code": act.reason_code,
            "ticket_id": _ticket(act.at, tickets),
            "correlation_id": f"import-{household.number}-{sequence}",
        }
        previous = next_hash(previous, (household.customer_id, *row.values()))
        household.own(audit_entries, **row, hash=previous)
    if acts:
        household.own(audit_heads, sequence=len(acts), hash=previous)


def _write_approvals(household: Household) -> None:
    if household.number == EXECUTED_APPROVAL:
        _write_approval(household, "EXECUTED", 750, days=5, reason="service_recovery")
    elif household.number % 100 == 15:
        _write_approval(household, "PENDING", 800, days=1, reason="goodwill")
    elif household.number % 100 == 16:
        _write_approval(household, "REJECTED", 5_000, days=30, reason="missing_points")
    elif household.number % 100 == 17:
        _write_approval(household, "PENDING", 900, days=20, reason="goodwill")


def _write_approval(household: Household, state: str, points: int, *, days: int, reason: str) -> None:
    at = household.timeline.before_end(days=days)
    decided = state in ("EXECUTED", "REJECTED")
    asked = PointAdjustment(household.customer_id, "points", "manual", AdjustDirection.ADD, points)
    approval = household.id(at, "approval")
    made = {"entry": household.id(at, "points", "approval"), "approval": approval}
    household.sheet.add(
        approvals,
        id=approval,
        operation="POINTS_ADD",
        state=state,
        requested_by_kind="STAFF",
        requested_by_id=agent(household.number),
        requested_at=at,
        decided_by_kind=SUPERVISOR[0] if decided else None,
        decided_by_id=SUPERVISOR[1] if decided else None,
        decided_at=at + dt.timedelta(days=1) if decided else None,
        expires_at=at + dt.timedelta(days=7),
        amount=points,
        customer_id=household.customer_id,
        reason_code=reason,
        comment=household.seal(COMMENT, "approvals.comment") if state == "REJECTED" else None,
        request=stored(asked, "pointsAdjust", made, Reason(reason, NOTE), household.seal),
    )


def _write_privacy(household: Household) -> None:
    barred_at = household.barred_at
    if household.number == RESTRICTED and barred_at is not None:
        _write_request(household, "RESTRICT", "COMPLETED", barred_at)
    if household.number == EXPORTED or household.number % 200 == 40:
        _write_request(household, "EXPORT", "COMPLETED", household.timeline.before_end(days=6))
    if household.number == FORGET_CANCELLED:
        _write_request(household, "FORGET", "CANCELLED", household.timeline.before_end(days=15))


def _write_request(household: Household, type_: str, state: str, at: dt.datetime) -> None:
    done = state == "COMPLETED"
    completed_at = at + dt.timedelta(minutes=4) if done else None
    id_ = household.id(at, "privacy", type_)
    household.sheet.add(
        privacy_requests,
        id=id_,
        customer_id=household.customer_id,
        type=type_,
        state=state,
        submitted_at=at,
        completed_at=completed_at,
        requested_by_kind=PRIVACY_OFFICER[0],
        requested_by_id=PRIVACY_OFFICER[1],
        steps=[_step(domain, completed_at) for domain in DOMAINS] if done else [],
        files=[_file(id_, at, household.rows)] if done and type_ == "EXPORT" else [],
    )


def _step(domain: str, verified_at: dt.datetime | None) -> dict[str, object]:
    return {
        "domain": domain,
        "state": "COMPLETED",
        "attempts": 1,
        "verified_at": verified_at.isoformat() if verified_at else None,
        "rows_removed": None,
        "rows_retained": None,
        "retention_basis": None,
    }


def _file(request: EntityId, at: dt.datetime, rows: int) -> dict[str, object]:
    return {
        "name": f"export-{request}.zip",
        "format": "CSV",
        "rows": rows,
        "sha256": next_hash(GENESIS, (request,)).hex(),
        "download_url": f"https://exports.example.com/{request}.zip",
        "expires_at": (at + dt.timedelta(days=7)).isoformat(),
    }
