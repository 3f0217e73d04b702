"""Events that wait go to whoever gets the identifier they came with, in the transaction that claims it."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from datasources.rematching import Rematched, match_waiting
from datasources.sql.quarantine import AT_ONCE
from datasources.sql.tables.events import event_keys, events, unmatched_events
from datasources.sql.tables.profiles import customers
from tests.harness import Gateway
from tests.writing.doing import do
from tests.writing.ingesting import STORE, outcomes, sent, visit
from tests.writing.profile_asking import email, enrolled
from tests.writing.tables import around, found, grown

MEMBER = "CJ-000022"
Claim = Callable[[Gateway, str, str], Awaitable[dict[str, Any]]]
"""(gateway, support id, identifier) → the payload of the mutation that gives the identifier to the customer."""


async def update(gateway: Gateway, member: str, value: str) -> dict[str, Any]:
    return await do(
        gateway, "customerUpdate", {"customerId": gateway.customer_id(member), "profile": {"email": value}}, ""
    )


async def sync(gateway: Gateway, member: str, value: str, **more: Any) -> dict[str, Any]:
    given = {"customerId": gateway.customer_id(member), "account": {"system": "crm", "value": value}}
    return await do(gateway, "customerExternalAccountSync", given | more, "")


async def add_card(gateway: Gateway, member: str, value: str) -> dict[str, Any]:
    given = {"customerId": gateway.customer_id(member), "number": value}
    return await do(gateway, "loyaltyCardAdd", given, "loyaltyCard { id }")


async def replace_card(gateway: Gateway, member: str, value: str) -> dict[str, Any]:
    card = (await add_card(gateway, member, number()))["loyaltyCard"]["id"]
    return await do(gateway, "loyaltyCardReplace", {"loyaltyCardId": card, "newNumber": value}, "")


def number() -> str:
    """A loyalty number that nobody has yet."""
    return "9" + str(uuid4().int)[:11]


def named(kind: str, value: str) -> dict[str, Any]:
    """Somebody by an identifier, as events name them."""
    return {"externalId": {"system": "crm", "value": value}} if kind == "externalId" else {kind: value}


CLAIMS: dict[str, tuple[str, Callable[[], str], Claim]] = {
    "customerUpdate": ("email", email, update),
    "customerExternalAccountSync": ("externalId", lambda: uuid4().hex, sync),
    "loyaltyCardAdd": ("loyaltyNumber", number, add_card),
    "loyaltyCardReplace": ("loyaltyNumber", number, replace_card),
}


async def waiting(gateway: Gateway, given: dict[str, Any]) -> bool:
    """Whether the event waits."""
    (rows,) = await found(
        gateway, select(unmatched_events).where(unmatched_events.c.source_event_id == given["sourceEventId"])
    )
    return bool(rows)


@pytest.mark.parametrize("mutation", CLAIMS)
async def test_who_gets_an_identifier_gets_the_events_that_wait_for_it(gateway: Gateway, mutation: str) -> None:
    kind, make, claim = CLAIMS[mutation]
    value, who = make(), gateway.members[MEMBER]
    told = {"location_id": STORE, "minutes": 5, "remark": "Asked for a cart"}
    given = visit(gateway, named(kind, value), attributes=told, channel="POS_ADAPTER")
    other = visit(gateway, named(kind, make()))
    assert outcomes(await sent(gateway, given, other)) == ["UNMATCHED", "UNMATCHED"]
    before = await around(gateway, who)
    payload = await claim(gateway, MEMBER, value)
    assert payload["userErrors"] == []
    after = await around(gateway, who)
    assert grown(before, after)["unmatched_events"] == -1
    assert (await waiting(gateway, given), await waiting(gateway, other)) == (False, True)
    rows, keys = await found(
        gateway,
        select(events).where(events.c.source_event_id == given["sourceEventId"]),
        select(event_keys).where(event_keys.c.source_event_id == given["sourceEventId"]),
    )
    ((row,), (key,)) = rows, keys
    assert (row["customer_id"], key["customer_id"], key["event_id"]) == (who, who, row["id"])
    assert (row["type"], row["channel"], row["occurred_at"]) == ("store_visit", "POS_ADAPTER", gateway.now)
    assert row["facts"]["minutes"] == 5
    assert "remark" not in row["facts"]
    (again,) = await sent(gateway, given)
    assert (again["outcome"], again["event"]["title"]) == ("DUPLICATE", f"Visit of Store {STORE}")
    query = "query ($id: ID!) { node(id: $id) { ... on Event { details { ... on GenericDetails { attributes } } } } }"
    read = await gateway.run(query, {"id": again["event"]["id"]})
    assert read.data["node"]["details"]["attributes"]["remark"] == "Asked for a cart"


async def test_who_is_new_comes_with_the_events_that_waited_and_their_activity(gateway: Gateway) -> None:
    address, account = email(), uuid4().hex
    times = [gateway.now - dt.timedelta(hours=hours) for hours in (3, 2, 1)]
    names = [named("email", address), named("externalId", account), named("email", address.upper())]
    batch = [visit(gateway, name, occurredAt=at.isoformat()) for name, at in zip(names, times, strict=True)]
    assert outcomes(await sent(gateway, *batch)) == ["UNMATCHED"] * 3
    customer = await enrolled(gateway, {"email": address}, externalIds=[{"system": "crm", "value": account}])
    who = UUID(customer["uuid"])
    rows, ((person),) = await found(
        gateway,
        select(events).where(events.c.customer_id == who, events.c.type == "store_visit"),
        select(customers).where(customers.c.customer_id == who),
    )
    assert {row["source_event_id"] for row in rows} == {one["sourceEventId"] for one in batch}
    assert person["last_active_at"] == person["active_key"] == times[2]


async def test_a_dry_run_leaves_them_waiting(gateway: Gateway) -> None:
    value = uuid4().hex
    given = visit(gateway, named("externalId", value))
    await sent(gateway, given)
    await sync(gateway, MEMBER, value, dryRun=True)
    assert await waiting(gateway, given)


async def test_a_claim_that_is_refused_leaves_them_waiting(gateway: Gateway) -> None:
    mine, value = number(), number()
    await add_card(gateway, "CJ-000023", mine)
    given = visit(gateway, named("loyaltyNumber", value))
    await sent(gateway, given)
    refused = await add_card(gateway, MEMBER, mine)
    assert [error["code"] for error in refused["userErrors"]] == ["IDENTIFIER_TAKEN"]
    assert await waiting(gateway, given)


async def test_an_event_and_its_identifier_at_once_find_each_other(gateway: Gateway) -> None:
    values = [uuid4().hex for _ in range(12)]
    given = [visit(gateway, named("externalId", value)) for value in values]
    await asyncio.gather(
        *(sync(gateway, f"CJ-0000{30 + index}", value) for index, value in enumerate(values)),
        *(sent(gateway, one) for one in given),
    )
    assert [await waiting(gateway, one) for one in given] == [False] * 12
    (rows,) = await found(
        gateway, select(events).where(events.c.source_event_id.in_([one["sourceEventId"] for one in given]))
    )
    owners = {row["source_event_id"]: row["customer_id"] for row in rows}
    assert [owners[one["sourceEventId"]] for one in given] == [
        gateway.members[f"CJ-0000{30 + index}"] for index in range(12)
    ]


async def held(gateway: Gateway, batch: list[dict[str, Any]]) -> list[bool]:
    """Which events of a batch wait."""
    ids = {one["sourceEventId"] for one in batch}
    (rows,) = await found(gateway, select(unmatched_events.c.source_event_id))
    known = {row["source_event_id"] for row in rows} & ids
    return [one["sourceEventId"] in known for one in batch]


async def test_what_is_too_much_for_one_change_is_matched_by_the_run(gateway: Gateway) -> None:
    value = uuid4().hex
    times = [gateway.now - dt.timedelta(minutes=minutes) for minutes in range(AT_ONCE + 3)]
    batch = [visit(gateway, named("externalId", value), occurredAt=at.isoformat()) for at in times]
    await sent(gateway, *batch)
    await sync(gateway, MEMBER, value)
    assert await held(gateway, batch) == [True] * 3 + [False] * AT_ONCE
    program = (await gateway.runtime.program()).settings
    told: list[int] = []
    before = await around(gateway, gateway.members[MEMBER])
    writer = gateway.runtime.sources.writers.events
    done = await match_waiting(writer, program, gateway.now, lambda so_far: told.append(so_far.events))
    assert (done, told) == (Rematched(customers=1, events=3), [3])
    after = grown(before, await around(gateway, gateway.members[MEMBER]))
    assert (after["events"], after["event_keys"], after["unmatched_events"], after["audit_entries"]) == (3, 3, -3, 1)
    assert await match_waiting(writer, program, gateway.now, lambda _: None) == Rematched()


async def test_nothing_is_matched_to_those_who_are_gone(gateway: Gateway) -> None:
    value = uuid4().hex
    given = visit(gateway, named("externalId", value))
    await sent(gateway, given)
    gone = await enrolled(gateway, {"email": email()})
    reason = {"customerId": gone["id"], "reason": {"code": "customer_request"}}
    payload = await do(gateway, "customerDelete", reason, "")
    assert payload["userErrors"] == []
    refused = await sync(gateway, gone["supportId"], value)
    assert [error["code"] for error in refused["userErrors"]] == ["CUSTOMER_GONE"]
    assert await waiting(gateway, given)
