"""Campaigns completed by hand as clients meet it: what it answers, stores and grants, and what it leaves alone."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, select

from datasources.campaigns import CampaignStatus
from datasources.sql.tables.campaigns import campaigns
from datasources.sql.tables.offers import customer_offers, offers
from datasources.sql.tables.points import point_entries
from schema.ids import global_id
from tests.harness import Caller, Gateway
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.completing import COMPLETE, MESSAGING, RULE, change, complete, completion, put, targeted
from tests.writing.laws import broken
from tests.writing.tables import contents, found, grown

MEMBER, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000007", "CJ-000009"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
STORED = {"customer_campaigns": 0, "idempotency_keys": 1, **REFUSED}
TOLD = {"events": 1, "event_keys": 1}
GRANTED = {"point_entries": 1, "point_lots": 1, "point_accounts": 0}


async def grew(gateway: Gateway, support_id: str, before: Any) -> dict[str, int]:
    """By how many rows the customer's tables grew, but for sums by day, which may or may not be there."""
    after = grown(before, await contents(gateway, gateway.members[support_id]))
    after.pop("point_days", None)
    return after


async def test_a_campaign_is_completed_without_its_outcomes_unless_they_are_asked_for(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="IN_PROGRESS")
    row = await targeted(gateway, MEMBER, RULE)
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await complete(gateway, await completion(gateway, MEMBER, RULE, reason={"code": "goodwill"}))
    campaign, audit = payload["campaign"], payload["auditEntry"]
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert campaign | {"id": 0, "startsAt": 0, "endsAt": 0} == {
        "id": 0,
        "campaignId": RULE,
        "name": "Ten visits",
        "type": "LOYALTY_RULE",
        "status": "COMPLETED",
        "startsAt": 0,
        "endsAt": 0,
        "completedAt": gateway.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "completedBy": {"kind": "STAFF", "id": "admin"},
        "progress": {"current": str(row["progress_hundredths"] // 100)},
    }
    assert audit == {
        "type": "campaignComplete",
        "outcome": "SUCCEEDED",
        "summary": "Campaign Ten visits completed",
        "reasonCode": "goodwill",
        "changes": [{"path": "campaigns.synthetic-rule.status", "before": "IN_PROGRESS", "after": "COMPLETED"}],
    }
    assert await grew(gateway, MEMBER, before) == STORED | TOLD
    after = await targeted(gateway, MEMBER, RULE)
    assert after["version"] == row["version"] + 1
    shown = ("status", "completed_at", "completed_by_kind", "completed_by_id")
    assert [after[name] for name in shown] == ["COMPLETED", gateway.now, "STAFF", "admin"]


async def test_points_are_granted_where_they_are_asked_for(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    before = await contents(gateway, gateway.members[MEMBER])
    given = await completion(gateway, MEMBER, RULE, awardOutcomes=True)
    payload = await complete(gateway, given)
    assert payload["userErrors"] == []
    assert await grew(gateway, MEMBER, before) == STORED | GRANTED | {"events": 2, "event_keys": 2}
    statement = select(point_entries).where(
        point_entries.c.customer_id == gateway.members[MEMBER], point_entries.c.reference_type == "CAMPAIGN"
    )
    (rows,) = await found(gateway, statement.order_by(point_entries.c.sequence.desc()))
    shown = ("kind", "modification", "account_key", "source_key", "reference_id", "description")
    assert [rows[0][name] for name in shown] == ["EARN", 100, "points", "promotion", RULE, "Completed Ten visits"]
    # Asked again, the key changes nothing.
    after = await contents(gateway, gateway.members[MEMBER])
    assert await complete(gateway, given) == payload | {"replayed": True}
    assert grown(after, await contents(gateway, gateway.members[MEMBER])) == {}
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_offer_is_issued_where_it_is_asked_for(gateway: Gateway) -> None:
    await put(gateway, MEMBER, MESSAGING, status="ELIGIBLE")
    held = (
        select(func.count().label("count"))
        .join(offers, offers.c.id == customer_offers.c.offer_id)
        .where(customer_offers.c.customer_id == gateway.members[MEMBER], offers.c.key == "five-off-fifty")
    )
    ((before,),) = await found(gateway, held)
    payload = await complete(gateway, await completion(gateway, MEMBER, MESSAGING, awardOutcomes=True))
    ((after,),) = await found(gateway, held)
    assert (payload["userErrors"], after["count"] - before["count"]) == ([], 1)


@pytest.mark.parametrize("status", list(CampaignStatus), ids=lambda status: status.value)
@pytest.mark.parametrize("awards", [False, True])
async def test_a_campaign_is_completed_once_and_only_while_it_runs(
    gateway: Gateway, status: CampaignStatus, awards: bool
) -> None:
    key, rule = RULE, campaigns.update().where(campaigns.c.key == RULE)
    stored = CampaignStatus.IN_PROGRESS if status is CampaignStatus.EXPIRED else status
    ((campaign,),) = await found(gateway, select(campaigns).where(campaigns.c.key == key))
    await put(gateway, MEMBER, key, status=stored.value)
    if status is CampaignStatus.EXPIRED:
        await change(gateway, rule.values(ends_at=gateway.now))
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await complete(gateway, await completion(gateway, MEMBER, key, awardOutcomes=awards))
    await change(gateway, rule.values(ends_at=campaign["ends_at"]))
    codes = {CampaignStatus.COMPLETED: "ALREADY_DONE", CampaignStatus.EXPIRED: "INVALID_TRANSITION"}
    if status in codes:
        assert (refused(payload), payload["campaign"]) == ([(codes[status], "customerCampaignId")], None)
        assert await grew(gateway, MEMBER, before) == REFUSED
    else:
        assert (payload["userErrors"], payload["campaign"]["status"]) == ([], "COMPLETED")
        grants = GRANTED | {"events": 2, "event_keys": 2} if awards else {}
        assert await grew(gateway, MEMBER, before) == STORED | TOLD | grants


async def test_a_campaign_that_has_not_begun_is_not_completed(gateway: Gateway) -> None:
    row = await targeted(gateway, MEMBER, MESSAGING)
    await put(gateway, MEMBER, MESSAGING, status="ELIGIBLE", starts_at=gateway.now + dt.timedelta(seconds=1))
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await complete(gateway, await completion(gateway, MEMBER, MESSAGING))
    assert refused(payload) == [("INVALID_TRANSITION", "customerCampaignId")]
    assert await grew(gateway, MEMBER, before) == REFUSED
    await put(gateway, MEMBER, MESSAGING, starts_at=row["starts_at"])


async def test_a_campaign_that_is_not_the_customers_is_not_found(gateway: Gateway) -> None:
    theirs = (await targeted(gateway, "CJ-000016", RULE))["id"]
    given = await completion(gateway, MEMBER, RULE)
    before = await contents(gateway, gateway.members[MEMBER])
    wrong = given | {"customerCampaignId": global_id("CustomerCampaign", gateway.members[MEMBER], theirs)}
    assert refused(await complete(gateway, wrong)) == [("NOT_FOUND", "customerCampaignId")]
    assert await grew(gateway, MEMBER, before) == REFUSED


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reason": {"code": "because"}}, ("INVALID", "reason.code")),
        ({"reason": {"internalNote": "x" * 2_001}}, ("INVALID", "reason.internalNote")),
        ({"idempotencyKey": ""}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_what_cant_be_done_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await complete(gateway, await completion(gateway, MEMBER, RULE, **changed))
    assert (refused(payload), payload["campaign"], payload["auditEntry"]) == ([told], None, None)
    assert await grew(gateway, MEMBER, before) == REFUSED


async def test_outcomes_that_cant_be_had_leave_the_campaign_as_it_was(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    held = (await adjust(gateway, adjustment(gateway, MEMBER, 1)))["account"]["balance"]
    await adjust(gateway, adjustment(gateway, MEMBER, 1_000_000 - held - 99))
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await complete(gateway, await completion(gateway, MEMBER, RULE, awardOutcomes=True))
    assert refused(payload) == [("LIMIT_EXCEEDED", "awardOutcomes")]
    assert await grew(gateway, MEMBER, before) == REFUSED
    await adjust(gateway, adjustment(gateway, MEMBER, -(1_000_000 - held - 99)))


@pytest.mark.parametrize(("member", "code"), [(RESTRICTED, "CUSTOMER_RESTRICTED"), (BLOCKED, "CUSTOMER_BLOCKED")])
async def test_the_restricted_and_the_blocked_complete_without_outcomes_alone(
    gateway: Gateway, member: str, code: str
) -> None:
    await put(gateway, member, RULE, status="ELIGIBLE")
    before = await contents(gateway, gateway.members[member])
    refusal = await complete(gateway, await completion(gateway, member, RULE, awardOutcomes=True))
    assert refused(refusal) == [(code, "customerCampaignId")]
    assert await grew(gateway, member, before) == REFUSED
    payload = await complete(gateway, await completion(gateway, member, RULE))
    assert (payload["userErrors"], payload["campaign"]["status"]) == ([], "COMPLETED")


async def test_a_dry_run_shows_the_campaign_as_it_would_be(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    before = await contents(gateway, gateway.members[MEMBER])
    given = await completion(gateway, MEMBER, RULE, awardOutcomes=True)
    tried = await complete(gateway, given | {"dryRun": True})
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {}
    done = await complete(gateway, given)
    assert (tried["dryRun"], tried["auditEntry"], tried["campaign"]) == (True, None, done["campaign"])


async def test_a_completion_without_a_key_is_done_once(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    given = await completion(gateway, MEMBER, RULE)
    del given["idempotencyKey"]
    assert (await complete(gateway, given))["userErrors"] == []
    assert refused(await complete(gateway, given)) == [("ALREADY_DONE", "customerCampaignId")]


async def test_the_scope_is_needed(gateway: Gateway) -> None:
    given, before = await completion(gateway, MEMBER, RULE), await contents(gateway, gateway.members[MEMBER])
    answer = await gateway.run(COMPLETE, {"input": given}, Caller("analyst"))
    assert (answer.data, answer.told) == ({"campaignComplete": None}, ["FORBIDDEN@campaignComplete"])
    assert await grew(gateway, MEMBER, before) == REFUSED


async def test_many_who_complete_it_at_once_grant_its_outcomes_once(gateway: Gateway) -> None:
    await put(gateway, MEMBER, RULE, status="ELIGIBLE")
    before = await contents(gateway, gateway.members[MEMBER])
    given = [await completion(gateway, MEMBER, RULE, awardOutcomes=True) for _ in range(16)]
    payloads = await asyncio.gather(*(complete(gateway, one) for one in given))
    told = sorted(code for payload in payloads for code, _ in refused(payload))
    assert told == ["ALREADY_DONE"] * 15
    after = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert (after["point_entries"], after["idempotency_keys"], after["audit_entries"]) == (1, 1, 16)
    assert await broken(gateway, gateway.members[MEMBER]) == []
