"""Changes of tier as clients meet them: what they answer, what they store and grant, and what they leave alone."""

import asyncio
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from datasources.sql.tables.points import point_entries
from tests.harness import Caller, Gateway
from tests.writing.asking import adjust as adjust_points
from tests.writing.asking import adjustment as points
from tests.writing.asking import refused
from tests.writing.laws import broken
from tests.writing.tables import contents, found, grown
from tests.writing.tiers import ADJUST, LADDER, adjust, adjustment, broken_ladder, current, history, put_on

MEMBER, BUSY, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000022", "CJ-000007", "CJ-000009"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
STORED = {"customer_tiers": 0, "tier_changes": 1, "events": 1, "event_keys": 1, "idempotency_keys": 1, **REFUSED}
SOON = "2026-06-30T22:00:00Z"


async def granted(gateway: Gateway, support_id: str) -> list[tuple[int, str, str]]:
    """Points, description and the tier's key of each entry that a tier granted."""
    statement = select(point_entries).where(
        point_entries.c.customer_id == gateway.members[support_id], point_entries.c.reference_type == "TIER_ENTRY"
    )
    (rows,) = await found(gateway, statement.order_by(point_entries.c.sequence))
    return [(row["modification"], row["description"], row["reference_id"].rpartition(":")[2]) for row in rows]


async def test_a_customer_is_moved_up_with_a_change_an_event_and_an_audit_entry(gateway: Gateway) -> None:
    await put_on(gateway, MEMBER, "base")
    before = await contents(gateway, gateway.members[MEMBER])
    reason = {"code": "tier_match", "internalNote": "Showed a card", "customerVisibleReason": "Welcome to Gold"}
    payload = await adjust(gateway, adjustment(gateway, MEMBER, "gold", reason=reason, protectUntil=SOON))
    tier, change, audit = payload["tier"], payload["change"], payload["auditEntry"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert payload["customer"] == {"supportId": MEMBER}
    assert change | {"id": 0, "at": 0} == {
        "id": 0,
        "system": {"key": "journey"},
        "from": {"key": "base"},
        "to": {"key": "gold"},
        "direction": "UP",
        "reason": "MANUAL",
        "note": "Welcome to Gold",
        "at": 0,
        "actor": {"kind": "STAFF", "id": "admin"},
    }
    counted = float(tier["progress"])
    assert tier | {"progress": 0} == {
        "system": {"key": "journey"},
        "tier": {"key": "gold"},
        "status": "ACTIVE",
        "enteredAt": change["at"],
        "expiresAt": change["at"].replace("2026-", "2027-", 1),
        "protectedUntil": SOON,
        "progress": 0,
        "nextTier": {"key": "platinum"},
        "nextThreshold": "4000",
        "remainingToNext": f"{max(0.0, 4_000 - counted):.2f}".rstrip("0").rstrip("."),
    }
    assert audit == {
        "type": "tierAdjust",
        "outcome": "SUCCEEDED",
        "summary": "Tier Base to Gold",
        "reasonCode": "tier_match",
        "changes": [
            {"path": "tiers.journey.tier", "before": "base", "after": "gold"},
            {"path": "tiers.journey.protectedUntil", "before": None, "after": "2026-06-30T22:00:00+00:00"},
        ],
    }
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == STORED
    assert await broken_ladder(gateway, MEMBER) == []


async def test_the_event_of_a_change_is_found_in_the_stream(gateway: Gateway) -> None:
    await put_on(gateway, MEMBER, "silver")
    query = """query ($id: ID!) { customer(by: {id: $id}) { events(first: 1, search: "tier adjusted") { nodes {
        type title details { ... on TierDetails { from to reason } } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER)})
    assert answer.errors == []
    assert answer.data["customer"]["events"]["nodes"] == [
        {
            "type": "tier_adjusted",
            "title": "Tier adjusted: Silver",
            "details": {"from": "Base", "to": "Silver", "reason": "MANUAL"},
        }
    ]


@pytest.mark.parametrize("before", LADDER)
@pytest.mark.parametrize("after", LADDER)
async def test_every_tier_leads_to_every_other_one(gateway: Gateway, before: str, after: str) -> None:
    await put_on(gateway, MEMBER, before)
    rows = await contents(gateway, gateway.members[MEMBER])
    payload = await adjust(gateway, adjustment(gateway, MEMBER, after))
    if before == after:
        assert refused(payload) == [("ALREADY_DONE", "tierKey")]
        assert grown(rows, await contents(gateway, gateway.members[MEMBER])) == REFUSED
        return
    risen = LADDER.index(after) > LADDER.index(before)
    assert (payload["userErrors"], payload["change"]["direction"]) == ([], "UP" if risen else "DOWN")
    assert grown(rows, await contents(gateway, gateway.members[MEMBER])) == STORED
    held = await current(gateway, MEMBER)
    assert (held["tier_key"], held["status"], held["expires_at"] is None) == (after, "ACTIVE", after == "base")
    assert await broken_ladder(gateway, MEMBER) == []


@pytest.mark.parametrize(
    ("before", "after", "asked", "told"),
    [
        ("base", "platinum", {}, []),
        ("base", "silver", {"awardEntryOutcomes": True}, [(50, "Entered Silver", "silver")]),
        ("silver", "platinum", {"awardEntryOutcomes": True}, [(400, "Entered Platinum", "platinum")]),
        (
            "base",
            "platinum",
            {"awardSkippedOutcomes": True},
            [(50, "Passed Silver", "silver"), (150, "Passed Gold", "gold")],
        ),
        (
            "base",
            "gold",
            {"awardEntryOutcomes": True, "awardSkippedOutcomes": True},
            [(50, "Passed Silver", "silver"), (150, "Entered Gold", "gold")],
        ),
    ],
)
async def test_outcomes_are_granted_where_they_are_asked_for(
    gateway: Gateway, before: str, after: str, asked: dict[str, bool], told: list[tuple[int, str, str]]
) -> None:
    await put_on(gateway, BUSY, before)
    earlier = len(await granted(gateway, BUSY))
    rows = await contents(gateway, gateway.members[BUSY])
    given = adjustment(gateway, BUSY, after, **asked)
    payload = await adjust(gateway, given)
    assert payload["userErrors"] == []
    assert (await granted(gateway, BUSY))[earlier:] == told
    made = len(told)
    events = {"events": 1 + made, "event_keys": 1 + made}
    entries = {"point_entries": made, "point_lots": made, "point_accounts": 0} if made else {}
    after_ = grown(rows, await contents(gateway, gateway.members[BUSY]))
    after_.pop("point_days", None)
    assert after_ == STORED | events | entries
    assert await adjust(gateway, given) == payload | {"replayed": True}
    assert len(await granted(gateway, BUSY)) == earlier + made
    assert await broken(gateway, gateway.members[BUSY]) == []


async def test_no_entry_of_a_tier_is_granted_twice(gateway: Gateway) -> None:
    statement = select(point_entries.c.reference_id).where(point_entries.c.reference_type == "TIER_ENTRY")
    await put_on(gateway, BUSY, "base")
    both = {"awardEntryOutcomes": True, "awardSkippedOutcomes": True}
    for tier in ("gold", "base", "platinum"):
        payload = await adjust(gateway, adjustment(gateway, BUSY, tier, **({} if tier == "base" else both)))
        assert payload["userErrors"] == []
    (rows,) = await found(gateway, statement)
    told = Counter(row["reference_id"] for row in rows)
    assert set(told.values()) == {1}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"systemKey": "miles"}, ("NOT_FOUND", "systemKey")),
        ({"tierKey": "diamond"}, ("NOT_FOUND", "tierKey")),
        ({"tierKey": ""}, ("NOT_FOUND", "tierKey")),
        ({"tierKey": "silver"}, ("ALREADY_DONE", "tierKey")),
        ({"tierKey": "silver", "awardEntryOutcomes": True}, ("ALREADY_DONE", "tierKey")),
        ({"protectUntil": "2020-01-01T00:00:00Z"}, ("INVALID", "protectUntil")),
        ({"tierKey": "base", "awardEntryOutcomes": True}, ("INVALID", "awardEntryOutcomes")),
        ({"tierKey": "base", "awardSkippedOutcomes": True}, ("INVALID", "awardSkippedOutcomes")),
        ({"reason": {}}, ("REQUIRED", "reason.code")),
        ({"reason": {"code": "because"}}, ("INVALID", "reason.code")),
        ({"idempotencyKey": ""}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_what_cant_be_done_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    await put_on(gateway, MEMBER, "silver")
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await adjust(gateway, adjustment(gateway, MEMBER, "gold", **changed))
    assert refused(payload) == [told]
    assert [payload[name] for name in ("tier", "change", "customer", "auditEntry")] == [None] * 4
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_protection_that_ends_now_has_ended(gateway: Gateway) -> None:
    await put_on(gateway, MEMBER, "silver")
    now, later = gateway.now, gateway.now + dt.timedelta(seconds=1)
    asked = adjustment(gateway, MEMBER, "gold", protectUntil=now.isoformat())
    assert refused(await adjust(gateway, asked)) == [("INVALID", "protectUntil")]
    assert (await adjust(gateway, asked | {"protectUntil": later.isoformat()}))["userErrors"] == []
    held = await current(gateway, MEMBER)
    assert (held["protected_key"], held["protected_until"]) == ("gold", later)


async def test_a_change_without_a_protection_ends_the_one_before(gateway: Gateway) -> None:
    await put_on(gateway, MEMBER, "silver")
    await adjust(gateway, adjustment(gateway, MEMBER, "gold", protectUntil=SOON))
    await adjust(gateway, adjustment(gateway, MEMBER, "platinum"))
    held = await current(gateway, MEMBER)
    assert (held["tier_key"], held["protected_key"], held["protected_until"]) == ("platinum", None, None)


async def test_outcomes_beyond_what_the_account_holds_refuse_the_whole_change(gateway: Gateway) -> None:
    await put_on(gateway, BUSY, "base")
    asked = adjustment(gateway, BUSY, "silver", awardEntryOutcomes=True)
    held = (await adjust_points(gateway, points(gateway, BUSY, 1)))["account"]["balance"]
    filled = await adjust_points(gateway, points(gateway, BUSY, 1_000_000 - held - 49))
    before = await contents(gateway, gateway.members[BUSY])
    assert refused(await adjust(gateway, asked)) == [("LIMIT_EXCEEDED", "awardEntryOutcomes")]
    assert grown(before, await contents(gateway, gateway.members[BUSY])) == REFUSED
    await adjust_points(gateway, points(gateway, BUSY, -(filled["account"]["balance"] - held)))
    # The key was not used up.
    assert (await adjust(gateway, asked))["userErrors"] == []


@pytest.mark.parametrize(("member", "code"), [(RESTRICTED, "CUSTOMER_RESTRICTED"), (BLOCKED, "CUSTOMER_BLOCKED")])
async def test_the_restricted_and_the_blocked_can_be_lowered_but_not_raised(
    gateway: Gateway, member: str, code: str
) -> None:
    held = (await current(gateway, member))["tier_key"]
    above, below = LADDER[LADDER.index(held) + 1], LADDER[max(0, LADDER.index(held) - 1)]
    before = await contents(gateway, gateway.members[member])
    payload = await adjust(gateway, adjustment(gateway, member, above))
    assert refused(payload) == [(code, "customerId")]
    assert grown(before, await contents(gateway, gateway.members[member])) == REFUSED
    lowered = await adjust(gateway, adjustment(gateway, member, below))
    assert [error["code"] for error in lowered["userErrors"]] == ([] if below != held else ["ALREADY_DONE"])


async def test_the_scope_is_needed(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    answer = await gateway.run(ADJUST, {"input": adjustment(gateway, MEMBER, "gold")}, Caller("store_associate"))
    assert (answer.data, answer.told) == ({"tierAdjust": None}, ["FORBIDDEN@tierAdjust"])
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_dry_run_shows_the_tier_as_it_would_be(gateway: Gateway) -> None:
    await put_on(gateway, MEMBER, "silver")
    before = await contents(gateway, gateway.members[MEMBER])
    asked = adjustment(gateway, MEMBER, "gold", protectUntil=SOON)
    tried = await adjust(gateway, asked | {"dryRun": True})
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}
    done = await adjust(gateway, asked)
    assert (tried["dryRun"], tried["auditEntry"], tried["tier"]) == (True, None, done["tier"])
    assert tried["change"] | {"id": 0} == done["change"] | {"id": 0}


async def test_the_history_stays_whole_whatever_many_workers_do(gateway: Gateway) -> None:
    await put_on(gateway, BUSY, "base")
    before = len(await history(gateway, BUSY))
    asked = [adjustment(gateway, BUSY, LADDER[number % 4], awardEntryOutcomes=False) for number in range(16)]
    payloads = await asyncio.gather(*(adjust(gateway, one) for one in asked))
    told = Counter(error["code"] for payload in payloads for error in payload["userErrors"])
    assert set(told) <= {"ALREADY_DONE"}
    steps = await history(gateway, BUSY)
    assert len(steps) - before == 16 - told["ALREADY_DONE"]
    assert await broken_ladder(gateway, BUSY) == []
    assert await broken(gateway, gateway.members[BUSY]) == []
