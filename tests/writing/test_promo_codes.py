"""Claims of promo codes as clients meet them: what they grant, how they fail, and what failed claims lead to."""

import asyncio
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from datasources.outcomes import Outcome
from datasources.promo_codes import ClaimWindow
from datasources.sql.tables.offers import customer_offers, offers
from datasources.sql.tables.points import point_entries
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
)
from tests.harness import Caller, Gateway
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.codes import (
    CLAIM,
    claim,
    claiming,
    claims_of,
    later,
    of_code,
    offered,
    opened_again,
    reset,
)
from tests.writing.laws import broken
from tests.writing.tables import contents, found, grown

MEMBER, OTHER, LOCKING, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000016", "CJ-000024", "CJ-000007", "CJ-000009"
PLAIN = "CJ-000012"
"""Who has claimed nothing and never failed."""
REFUSED = {"audit_entries": 1, "audit_heads": 0}
FAILED = {"promo_code_errors": 1, "promo_code_lockouts": 0, "idempotency_keys": 1, **REFUSED}
GRANTED = {
    "point_entries": 1,
    "point_lots": 1,
    "point_accounts": 0,
    "events": 2,
    "event_keys": 2,
    "idempotency_keys": 1,
    **REFUSED,
}
HOUR = dt.timedelta(hours=1)
KEPT = ("PROMO_CODE_REFUSED", "code")


async def grew(gateway: Gateway, support_id: str, before: Any) -> dict[str, int]:
    """By how many rows the customer's tables grew, but for sums by day, which may or may not be there."""
    after = grown(before, await contents(gateway, gateway.members[support_id]))
    after.pop("point_days", None)
    return after


async def fail(gateway: Gateway, support_id: str, code: str = "NO-SUCH-CODE", times: int = 1) -> list[str]:
    """Why each of so many claims failed."""
    return [(await claim(gateway, claiming(gateway, support_id, code)))["failure"] for _ in range(times)]


async def lockout_of(gateway: Gateway, support_id: str) -> Any:
    """The customer's counters, as they are stored."""
    whose = promo_code_lockouts.c.customer_id == gateway.members[support_id]
    ((row,),) = await found(gateway, select(promo_code_lockouts).where(whose))
    return row


async def test_a_claimed_code_grants_its_points_with_entry_events_and_audit_entry(gateway: Gateway) -> None:
    await opened_again(gateway, MEMBER)
    code = await offered(gateway, 30)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await claim(gateway, claiming(gateway, MEMBER, f"  {code} "))
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"], payload["failure"]) == (
        [],
        False,
        False,
        None,
    )
    now = gateway.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    made = payload["promoCode"]
    assert made | {"id": 0} == {
        "id": 0,
        "code": code,
        "state": "CLAIMED",
        "campaignName": "Tried",
        "claimedAt": now,
        "assignedAt": None,
    }
    assert payload["lockout"]["consecutiveFailures"] == 0
    audit = payload["auditEntry"]
    assert (audit["type"], audit["outcome"], audit["summary"]) == (
        "promoCodeClaim",
        "SUCCEEDED",
        f"Code {code} claimed",
    )
    assert [(change["before"], change["after"]) for change in audit["changes"]] == [(None, "CLAIMED")]
    assert await grew(gateway, MEMBER, before) == GRANTED | {"customer_promo_codes": 1}
    statement = select(point_entries).where(point_entries.c.reference_id == code)
    ((entry,),) = await found(gateway, statement)
    shown = ("kind", "modification", "account_key", "source_key", "reference_type", "description", "actor_id")
    assert [entry[name] for name in shown] == [
        "EARN",
        30,
        "points",
        "promotion",
        "PROMO_CODE",
        f"Promo code {code}",
        "admin",
    ]
    assert await claims_of(gateway, code) == 1
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_the_event_of_a_claim_is_found_in_the_stream(gateway: Gateway) -> None:
    code = await offered(gateway)
    await claim(gateway, claiming(gateway, MEMBER, code))
    query = """query ($id: ID!, $code: String) { customer(by: {id: $id}) { events(first: 1, search: $code) { nodes {
        type title details { ... on PromoCodeDetails { code campaignName } } } } } }"""
    answer = await gateway.run(query, {"id": gateway.customer_id(MEMBER), "code": f"Code {code}"})
    assert (answer.errors, answer.data["customer"]["events"]["nodes"]) == (
        [],
        [
            {
                "type": "promo_code_claimed",
                "title": f"Code {code}",
                "details": {"code": code, "campaignName": "Tried"},
            }
        ],
    )


async def test_an_assigned_code_becomes_a_claimed_one(gateway: Gateway) -> None:
    (assigned,) = await of_code(gateway, OTHER, customer_promo_codes, "THANKYOU25")
    before = await contents(gateway, gateway.members[OTHER])
    payload = await claim(gateway, claiming(gateway, OTHER, "THANKYOU25"))
    assert (payload["failure"], payload["promoCode"]["state"]) == (None, "CLAIMED")
    (row,) = await of_code(gateway, OTHER, customer_promo_codes, "THANKYOU25")
    assert (row["id"], row["state"], row["assigned_at"]) == (assigned["id"], "CLAIMED", assigned["assigned_at"])
    assert (row["at"], row["claimed_at"]) == (gateway.now, gateway.now)
    grown_by = await grew(gateway, OTHER, before)
    grown_by.pop("promo_code_lockouts", None)
    assert grown_by == GRANTED | {"customer_promo_codes": 0}


async def test_a_code_can_issue_an_offer(gateway: Gateway) -> None:
    ((offer,),) = await found(gateway, select(offers).where(offers.c.key == "five-off-fifty"))
    code = await offered(gateway, outcomes=(Outcome(offer_id=offer["id"]),))
    whose = customer_offers.c.customer_id == gateway.members[PLAIN]
    mine = select(func.count().label("count")).where(whose, customer_offers.c.offer_id == offer["id"])
    ((before,),) = await found(gateway, mine)
    assert (await claim(gateway, claiming(gateway, PLAIN, code)))["failure"] is None
    ((after,),) = await found(gateway, mine)
    assert after["count"] - before["count"] == 1


def failing(gateway: Gateway) -> dict[str, tuple[dict[str, Any], str]]:
    """Codes that can't be claimed, and why."""
    now = gateway.now
    return {
        "begins later": ({"starts_at": now + HOUR}, "NOT_STARTED"),
        "has ended": ({"expires_at": now}, "EXPIRED"),
        "for others": ({"only_assigned": True}, "NOT_ELIGIBLE"),
        "cap": ({"claim_cap": 3, "claims": 3}, "CAP_REACHED"),
        "never": ({"per_customer_limit": 0}, "ALREADY_CLAIMED"),
        "limited": ({"per_customer_limit": 0, "limiter": "ONE_TIME"}, "LIMITER"),
        "evening": ({"window": ClaimWindow(from_minute=18 * 60, until_minute=22 * 60)}, "LIMITER"),
    }


@pytest.mark.parametrize("kind", ["begins later", "has ended", "for others", "cap", "never", "limited", "evening"])
async def test_a_failed_claim_is_recorded_and_is_what_its_key_is_answered_with(gateway: Gateway, kind: str) -> None:
    columns, reason = failing(gateway)[kind]
    await opened_again(gateway, MEMBER)
    code, counted = await offered(gateway, **columns), await lockout_of(gateway, MEMBER)
    before, given = await contents(gateway, gateway.members[MEMBER]), claiming(gateway, MEMBER, code)
    payload = await claim(gateway, given)
    assert (refused(payload), payload["failure"], payload["promoCode"]) == ([KEPT], reason, None)
    audit = payload["auditEntry"]
    assert (audit["outcome"], audit["summary"]) == ("REFUSED", f"Code refused: {reason}")
    assert audit["changes"] == [{"path": "promoCodes.lockout.consecutiveFailures", "before": 0, "after": 1}]
    lockout = payload["lockout"]
    assert (lockout["consecutiveFailures"], lockout["totalFailures"]) == (1, counted["total_failures"] + 1)
    met = {"promo_code_limiters": 1} if reason == "LIMITER" else {}
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == FAILED | met
    known = {row["id"] for row in before["promo_code_errors"]}
    (error,) = (row for row in after["promo_code_errors"] if row["id"] not in known)
    assert (error["entered_code"], error["reason"], error["at"]) == (code[:2] + "•" * 11, reason, gateway.now)
    # The same key shows the same failure, though the code could be claimed by now.
    again = await claim(gateway, given)
    assert again == payload | {"replayed": True}
    assert grown(after, await contents(gateway, gateway.members[MEMBER])) == {}
    assert await claims_of(gateway, code) == columns.get("claims", 0)


async def test_an_unknown_code_is_kept_masked(gateway: Gateway) -> None:
    await opened_again(gateway, MEMBER)
    for entered, shown in (("jo@example.com", "jo" + "•" * 12), ("abc", "•••"), ("x" * 200, "xx" + "•" * 38)):
        assert await fail(gateway, MEMBER, entered) == ["UNKNOWN_CODE"]
        whose = promo_code_errors.c.customer_id == gateway.members[MEMBER]
        (rows,) = await found(gateway, select(promo_code_errors).where(whose).order_by(promo_code_errors.c.id))
        assert rows[-1]["entered_code"] == shown
    await opened_again(gateway, MEMBER)


async def test_a_code_is_claimed_as_often_as_allowed_and_a_limiter_tells_how_often_more_was_tried(
    gateway: Gateway,
) -> None:
    await opened_again(gateway, MEMBER)
    twice = await offered(gateway, per_customer_limit=2)
    told = [(await claim(gateway, claiming(gateway, MEMBER, twice)))["failure"] for _ in range(3)]
    assert told == [None, None, "ALREADY_CLAIMED"]
    once = await offered(gateway, limiter="ONE_TIME", limiter_description="Once each")
    told = [(await claim(gateway, claiming(gateway, MEMBER, once)))["failure"] for _ in range(3)]
    assert told == [None, "LIMITER", "LIMITER"]
    (limiter,) = await of_code(gateway, MEMBER, promo_code_limiters, once)
    shown = ("policy", "description", "attempts", "triggered_at", "window_ends_at")
    assert [limiter[name] for name in shown] == ["ONE_TIME", "Once each", 2, gateway.now, None]
    assert await claims_of(gateway, once) == 1


async def test_a_window_tells_when_it_opens_again(gateway: Gateway) -> None:
    """It is midnight in New York, 05:00 UTC, when the demo's clock stands still."""
    await opened_again(gateway, MEMBER)
    assert await fail(gateway, MEMBER, "EVENING40") == ["LIMITER"]
    (limiter,) = await of_code(gateway, MEMBER, promo_code_limiters, "EVENING40")
    assert (limiter["policy"], limiter["window_ends_at"]) == ("TIME_OF_DAY", gateway.now + 18 * HOUR)
    night = await offered(gateway, window=ClaimWindow(until_minute=1))
    assert (await claim(gateway, claiming(gateway, MEMBER, night)))["failure"] is None


async def test_failed_claims_in_a_row_lock_the_customer_out_and_a_reset_lets_them_in(gateway: Gateway) -> None:
    await opened_again(gateway, LOCKING)
    start = (await claim(gateway, claiming(gateway, LOCKING, "NO-SUCH-CODE")))["lockout"]["totalFailures"] - 1
    code = await offered(gateway)
    payloads = [await claim(gateway, claiming(gateway, LOCKING, "NO-SUCH-CODE")) for _ in range(4)]
    assert [one["lockout"]["isLocked"] for one in payloads] == [False, False, False, True]
    lockout, ends = payloads[-1]["lockout"], gateway.now + HOUR
    assert (lockout["consecutiveFailures"], lockout["totalFailures"]) == (5, start + 5)
    assert lockout["expiresAt"] == ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    # A good code does not help, and does not make the lockout longer.
    refused_one = await claim(gateway, claiming(gateway, LOCKING, code))
    assert (refused_one["failure"], refused_one["lockout"]["expiresAt"]) == ("LOCKED_OUT", lockout["expiresAt"])
    assert await claims_of(gateway, code) == 0
    resets = (await lockout_of(gateway, LOCKING))["reset_count"]
    opened = await reset(gateway, LOCKING)
    assert (opened["userErrors"], opened["promoCode"], opened["failure"]) == ([], None, None)
    assert opened["auditEntry"]["changes"] == [
        {"path": "promoCodes.lockout.consecutiveFailures", "before": 6, "after": 0},
        {"path": "promoCodes.lockout.resetCount", "before": resets, "after": resets + 1},
    ]
    shown = opened["lockout"]
    assert (shown["isLocked"], shown["consecutiveFailures"], shown["totalFailures"]) == (False, 0, start + 6)
    assert shown["expiresAt"] == gateway.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await claim(gateway, claiming(gateway, LOCKING, code)))["failure"] is None
    assert await fail(gateway, LOCKING, times=4) == ["UNKNOWN_CODE"] * 4
    assert (await lockout_of(gateway, LOCKING))["consecutive_failures"] == 4
    # What succeeds ends the row.
    assert (await claim(gateway, claiming(gateway, LOCKING, await offered(gateway))))["lockout"][
        "consecutiveFailures"
    ] == 0


async def test_a_lockout_that_has_run_its_time_leaves_as_many_tries_as_at_first(gateway: Gateway) -> None:
    await opened_again(gateway, LOCKING)
    assert await fail(gateway, LOCKING, times=7) == ["UNKNOWN_CODE"] * 5 + ["LOCKED_OUT"] * 2
    await later(gateway, LOCKING, promo_code_lockouts, locked_at=2 * HOUR, expires_at=2 * HOUR)
    await later(gateway, LOCKING, promo_code_errors, at=2 * HOUR)
    assert await fail(gateway, LOCKING, times=6) == ["UNKNOWN_CODE"] * 5 + ["LOCKED_OUT"]
    assert (await lockout_of(gateway, LOCKING))["consecutive_failures"] == 13
    await opened_again(gateway, LOCKING)


async def test_nothing_that_is_not_counted_can_be_reset(gateway: Gateway) -> None:
    await opened_again(gateway, LOCKING)
    before = await contents(gateway, gateway.members[LOCKING])
    payload = await reset(gateway, LOCKING)
    assert (refused(payload), payload["lockout"]) == ([("NOT_LOCKED", "customerId")], None)
    assert grown(before, await contents(gateway, gateway.members[LOCKING])) == REFUSED


async def test_counters_below_a_lockout_can_be_reset_too(gateway: Gateway) -> None:
    await opened_again(gateway, LOCKING)
    await fail(gateway, LOCKING)
    before = await contents(gateway, gateway.members[LOCKING])
    assert (await reset(gateway, LOCKING, expectedVersion=10**6))["userErrors"][0]["code"] == "CONFLICT"
    assert (await reset(gateway, LOCKING))["userErrors"] == []
    after = grown(before, await contents(gateway, gateway.members[LOCKING]))
    assert after == {"promo_code_lockouts": 0, "idempotency_keys": 1, "audit_entries": 2, "audit_heads": 0}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"code": ""}, ("INVALID", "code")),
        ({"code": "   "}, ("INVALID", "code")),
        ({"code": "x" * 201}, ("INVALID", "code")),
        ({"idempotencyKey": ""}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_what_is_no_code_at_all_is_refused_without_a_trace_in_the_counters(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await claim(gateway, claiming(gateway, MEMBER, "WELCOME100") | changed)
    assert (refused(payload), payload["failure"], payload["lockout"]) == ([told], None, None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize(("member", "code"), [(RESTRICTED, "CUSTOMER_RESTRICTED"), (BLOCKED, "CUSTOMER_BLOCKED")])
async def test_the_restricted_and_the_blocked_claim_nothing_but_can_be_reset(
    gateway: Gateway, member: str, code: str
) -> None:
    before = await contents(gateway, gateway.members[member])
    assert refused(await claim(gateway, claiming(gateway, member, "WELCOME100"))) == [(code, "customerId")]
    assert grown(before, await contents(gateway, gateway.members[member])) == REFUSED
    told = [error["code"] for error in (await reset(gateway, member))["userErrors"]]
    assert told in ([], ["NOT_LOCKED"])


async def test_outcomes_beyond_what_the_account_holds_refuse_the_claim_and_record_nothing(gateway: Gateway) -> None:
    code = await offered(gateway, 1_000_000)
    await adjust(gateway, adjustment(gateway, MEMBER, 1))
    before = await contents(gateway, gateway.members[MEMBER])
    given = claiming(gateway, MEMBER, code)
    assert refused(await claim(gateway, given)) == [("LIMIT_EXCEEDED", "code")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    assert await claims_of(gateway, code) == 0


async def test_a_dry_run_shows_the_failure_and_counts_nothing(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[PLAIN])
    payload = await claim(gateway, claiming(gateway, PLAIN, "NEXTYEAR75", dryRun=True))
    assert (refused(payload), payload["failure"], payload["auditEntry"]) == ([KEPT], "NOT_STARTED", None)
    assert grown(before, await contents(gateway, gateway.members[PLAIN])) == {}


async def test_the_scope_is_needed(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[PLAIN])
    answer = await gateway.run(CLAIM, {"input": claiming(gateway, PLAIN, "WELCOME100")}, Caller("analyst"))
    assert (answer.data, answer.told) == ({"promoCodeClaim": None}, ["FORBIDDEN@promoCodeClaim"])
    assert grown(before, await contents(gateway, gateway.members[PLAIN])) == REFUSED


async def test_a_code_limited_to_once_is_claimed_once_by_many_at_once(gateway: Gateway) -> None:
    members = [f"CJ-0000{33 + number}" for number in range(16)]
    code = await offered(gateway, claim_cap=1)
    given = [claiming(gateway, member, code) for member in members]
    payloads = await asyncio.gather(*(claim(gateway, one) for one in given))
    assert Counter(payload["failure"] for payload in payloads) == {None: 1, "CAP_REACHED": 15}
    entries, held = await found(
        gateway,
        select(point_entries).where(point_entries.c.reference_id == code),
        select(customer_promo_codes).where(customer_promo_codes.c.code == code),
    )
    assert (await claims_of(gateway, code), len(entries), len(held)) == (1, 1, 1)
    for member in members:
        assert await broken(gateway, gateway.members[member]) == []


async def test_a_code_limited_to_once_each_is_claimed_once_by_one_customer_at_once(gateway: Gateway) -> None:
    await opened_again(gateway, MEMBER)
    code = await offered(gateway, limiter="ONE_TIME")
    payloads = await asyncio.gather(*(claim(gateway, claiming(gateway, MEMBER, code)) for _ in range(16)))
    told = Counter(payload["failure"] for payload in payloads)
    # The fifth that fails locks the customer out.
    assert told == {None: 1, "LIMITER": 5, "LOCKED_OUT": 10}
    (limiter,) = await of_code(gateway, MEMBER, promo_code_limiters, code)
    assert (limiter["attempts"], await claims_of(gateway, code)) == (5, 1)
    lockout = await lockout_of(gateway, MEMBER)
    assert (lockout["consecutive_failures"], lockout["expires_at"]) == (15, gateway.now + HOUR)
    assert await broken(gateway, gateway.members[MEMBER]) == []
    await opened_again(gateway, MEMBER)


async def test_what_is_counted_in_all_is_what_is_recorded(gateway: Gateway) -> None:
    """Of everybody, after all that these tests did."""
    errors, lockouts = await found(
        gateway,
        select(promo_code_errors.c.customer_id, func.count().label("count")).group_by(promo_code_errors.c.customer_id),
        select(promo_code_lockouts).where(promo_code_lockouts.c.total_failures > 0),
    )
    recorded = {row["customer_id"]: row["count"] for row in errors}
    assert {row["customer_id"]: row["total_failures"] for row in lockouts} == recorded
