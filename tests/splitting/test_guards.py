"""What a database that does not serve profiles knows of customers: nothing is granted by what may be out of date, and nothing
is written for whom it was not told of."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.points import point_entries
from datasources.sql.tables.profiles import customers
from gateway import programs
from tests.demo import Demo
from tests.harness import Gateway
from tests.splitting.programs import THREE, drained, parted, size
from tests.writing.asking import PLAIN, adjust, adjustment, refused
from tests.writing.doing import do
from tests.writing.profile_asking import newcomer

MEMBER, OTHER, THIRD, FOURTH = "CJ-000030", "CJ-000031", "CJ-000032", "CJ-000033"
PRIVACY = {"identityVerified": True, "reason": {"code": "privacy_request"}}


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """Profiles, points and the audit log in three databases."""
    async with parted(demo, THREE) as opened:
        yield opened


async def guard(gateway: Gateway, member: str, source: str = "loyalty") -> Any:
    """What a database knows of the customer."""
    engine = create_async_engine(gateway.runtime.databases[source].url)
    names = ("membership", "processing", "version", "wrapped_key", "first_name", "email", "last_active_at")
    async with engine.connect() as connection:
        own = select(*(customers.c[name] for name in names)).where(customers.c.customer_id == gateway.members[member])
        row = (await connection.execute(own)).mappings().one_or_none()
    await engine.dispose()
    return row


async def test_a_guard_holds_state_and_key_and_nothing_else_of_a_person(gateway: Gateway) -> None:
    for source in ("loyalty", "trail"):
        row, own = await guard(gateway, MEMBER, source), await guard(gateway, MEMBER, "members")
        same = ("membership", "processing", "version", "wrapped_key")
        assert {name: row[name] for name in same} == {name: own[name] for name in same}
        assert (row["first_name"], row["email"], own["email"] is not None) == (None, None, True)


async def test_a_restriction_holds_before_it_was_told(gateway: Gateway) -> None:
    given = {"customerId": gateway.customer_id(MEMBER), **PRIVACY}
    assert (await do(gateway, "privacyRestrict", given, "request { id }"))["userErrors"] == []
    assert (await guard(gateway, MEMBER))["processing"] == "ACTIVE", "it was not told yet"
    assert refused(await adjust(gateway, adjustment(gateway, MEMBER, 5))) == [("CUSTOMER_RESTRICTED", "customerId")]
    assert refused(await adjust(gateway, adjustment(gateway, MEMBER, -5))) == []
    await drained(gateway)
    assert (await guard(gateway, MEMBER))["processing"] == "RESTRICTED"
    assert (await do(gateway, "privacyReinstate", given, "request { id }"))["userErrors"] == []
    assert refused(await adjust(gateway, adjustment(gateway, MEMBER, 5))) == [], "and no longer than it is meant to"


async def test_a_closed_membership_is_closed_at_once(gateway: Gateway) -> None:
    given = {"customerId": gateway.customer_id(OTHER), "reason": {"code": "customer_request"}}
    assert (await do(gateway, "customerDelete", given, "customer { id }"))["userErrors"] == []
    assert refused(await adjust(gateway, adjustment(gateway, OTHER, -5))) == [("CUSTOMER_GONE", "customerId")]


async def test_nothing_is_granted_while_the_state_cant_be_asked_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await drained(gateway)
    members, runtime = gateway.runtime.databases["members"], gateway.runtime
    url = gateway.url_of(point_entries)
    before = await size(url, point_entries)
    # The program is read there too, and held for a while.
    monkeypatch.setattr(programs, "PROGRAM_TTL_S", 600)
    await runtime.program()
    await members.close()
    granted = await gateway.run(PLAIN, {"input": adjustment(gateway, THIRD, 5)})
    assert (granted.told, granted.data) == (["SOURCE_UNAVAILABLE@pointsAdjust"], {"pointsAdjust": None})
    assert granted.errors[0]["extensions"]["source"] == "members"
    assert await size(url, point_entries) == before
    taken = await gateway.run(PLAIN, {"input": adjustment(gateway, THIRD, -5)})
    assert (taken.errors, taken.data["pointsAdjust"]["userErrors"]) == ([], [])
    assert await size(url, point_entries) == before + 1
    await members.open()
    assert refused(await adjust(gateway, adjustment(gateway, THIRD, 5))) == []


async def test_whoever_enrolls_is_written_for_once_that_was_told(gateway: Gateway) -> None:
    member = await newcomer(gateway)
    assert await guard(gateway, member) is None
    answer = await gateway.run(PLAIN, {"input": adjustment(gateway, member, 5)})
    assert answer.told == ["SOURCE_UNAVAILABLE@pointsAdjust"]
    await drained(gateway)
    assert (await guard(gateway, member))["version"] == 1
    payload = await adjust(gateway, adjustment(gateway, member, 5))
    assert (payload["userErrors"], payload["entry"]["balanceAfter"]) == ([], 5)


async def test_what_was_written_elsewhere_reads_in_clear_where_the_audit_log_is(gateway: Gateway) -> None:
    payload = await adjust(gateway, adjustment(gateway, FOURTH, 9))
    await drained(gateway)
    log = """query ($id: ID!) { customer(by: { id: $id }) { accountAudit(first: 1) { nodes {
        type outcome summary reasonCode correlationId changes { path before after } } }
        events(first: 1) { nodes { type } } } }"""
    answer = await gateway.run(log, {"id": gateway.customer_id(FOURTH)})
    assert answer.errors == []
    assert answer.data["customer"]["accountAudit"]["nodes"] == [payload["auditEntry"]]
    assert [node["type"] for node in answer.data["customer"]["events"]["nodes"]] == ["points_adjusted"]


async def test_texts_about_whom_a_database_was_not_told_are_not_shown_as_forgotten(gateway: Gateway) -> None:
    member = await newcomer(gateway)
    way = next(
        courier
        for courier in gateway.runtime.couriers
        if (courier.outbox.source, courier.outbox.topic) == ("members", "source:trail")
    )
    assert await way.round() == 3, "the entry and the event of the enrolment, and whom they are about"
    engine = create_async_engine(gateway.runtime.databases["trail"].url)
    async with engine.begin() as connection:
        await connection.execute(customers.delete().where(customers.c.customer_id == gateway.members[member]))
    await engine.dispose()
    log = "query ($id: ID!) { customer(by: { id: $id }) { accountAudit(first: 1) { nodes { summary } } } }"
    answer = await gateway.run(log, {"id": gateway.customer_id(member)})
    assert answer.told == ["SOURCE_UNAVAILABLE@customer.accountAudit"]
    await drained(gateway)
