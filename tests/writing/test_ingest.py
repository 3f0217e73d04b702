"""Batches of events: what becomes of each, once however often it comes."""

import datetime as dt
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.quarantine import PURPOSE
from datasources.sql.tables.events import events, suppressed_identifiers, unmatched_events
from datasources.sql.tables.locations import locations
from datasources.sql.tables.profiles import customers, identifiers
from datasources.sql.unit_of_work import PROGRAM
from tests.harness import Caller, Gateway
from tests.writing.buying import buy, purchase
from tests.writing.ingesting import INGEST, STORE, of, outcomes, sent, stranger, taken, visit, when
from tests.writing.states import put
from tests.writing.tables import around, everything, found, grown

MEMBER, OTHER, RESTRICTED, BLOCKED = "CJ-000015", "CJ-000021", "CJ-000007", "CJ-000009"
BATCH = {"audit_entries": 1, "audit_heads": 0}
WORKERS = 8


@pytest.fixture(autouse=True)
async def _audited(gateway: Gateway) -> None:
    """The program's chain has begun, so that a head more is none of a batch."""
    await sent(gateway, visit(gateway, of(gateway, MEMBER), type="unknown"))


def missing(rows: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in rows.items() if name not in names}


async def test_an_event_is_stored_with_its_facts_apart_and_the_rest_sealed(gateway: Gateway) -> None:
    who = gateway.members[MEMBER]
    ((place,),) = await found(gateway, select(locations).where(locations.c.store_id == STORE))
    told = {"location_id": STORE, "minutes": 12, "companions": 2, "remark": "Asked for a cart", "mood": ["good", 1]}
    given = visit(gateway, of(gateway, MEMBER), attributes=told, channel="POS_ADAPTER")
    before = await around(gateway, who)
    (result,) = await sent(gateway, given)
    after = await around(gateway, who)
    assert result == {
        "sourceEventId": given["sourceEventId"],
        "outcome": "STORED",
        "event": {
            "id": result["event"]["id"],
            "type": "store_visit",
            "channel": "POS_ADAPTER",
            "occurredAt": when(gateway),
            "recordedAt": when(gateway),
            "title": f"Visit of Store {STORE}",
        },
        "error": None,
    }
    assert grown(before, after) == {"events": 1, "event_keys": 1, "customers": 0, **BATCH}
    (row,) = [row for row in after["events"] if row["source_event_id"] == given["sourceEventId"]]
    assert row["facts"] == {
        "location_id": str(place["id"]),
        "location_name": f"Store {STORE}",
        "minutes": 12,
        "companions": 2,
    }
    assert b"cart" not in row["attributes"]
    assert row["search_text"] == f"store visit visits and check-ins visit of store {STORE} 12 minutes, 2 companions"
    assert (row["customer_id"], row["source"], row["reference_id"]) == (who, "door-counter", None)
    query = "query ($id: ID!) { node(id: $id) { ... on Event { details { ... on GenericDetails { attributes } } } } }"
    read = await gateway.run(query, {"id": result["event"]["id"]})
    shown = {**row["facts"], "remark": "Asked for a cart", "mood": ["good", 1]}
    assert read.data["node"]["details"]["attributes"] == shown


async def test_what_nobody_may_read_in_clear_is_hidden_from_them(gateway: Gateway) -> None:
    told = {"location_id": STORE, "minutes": 12, "remark": "Asked for a cart"}
    (result,) = await sent(gateway, visit(gateway, of(gateway, MEMBER), attributes=told))
    query = "query ($id: ID!) { node(id: $id) { ... on Event { details { ... on GenericDetails { attributes } } } } }"
    read = await gateway.run(query, {"id": result["event"]["id"]}, "analyst")
    assert read.data["node"]["details"]["attributes"]["remark"] == "•••"
    assert read.data["node"]["details"]["attributes"]["minutes"] == 12


async def test_a_batch_tells_every_outcome_in_its_order_and_audits_counts_alone(gateway: Gateway) -> None:
    known = visit(gateway, of(gateway, MEMBER))
    (first,) = await sent(gateway, known)
    new, unknown = visit(gateway, of(gateway, OTHER)), visit(gateway, stranger())
    wrong = visit(gateway, of(gateway, MEMBER), type="no_such_type")
    before = await everything(gateway)
    results = await sent(gateway, known, new, unknown, wrong, new, unknown)
    after = await everything(gateway)
    assert outcomes(results) == ["DUPLICATE", "STORED", "UNMATCHED", "REJECTED", "DUPLICATE", "DUPLICATE"]
    assert [one["sourceEventId"] for one in results] == [
        one["sourceEventId"] for one in (known, new, unknown, wrong, new, unknown)
    ]
    assert [one["event"] for one in results] == [
        first["event"],
        results[1]["event"],
        None,
        None,
        results[1]["event"],
        None,
    ]
    assert [one["error"] for one in results if one["error"]] == [
        {"code": "NOT_FOUND", "message": "The program has no such event type.", "path": ["events", "3", "type"]}
    ]
    assert grown(before, after) == {"events": 1, "event_keys": 1, "unmatched_events": 1, "customers": 0, **BATCH}
    (entry,) = [row for row in after["audit_entries"] if row not in before["audit_entries"]]
    assert (entry["customer_id"], entry["type"], entry["outcome"]) == (PROGRAM, "eventsIngest", "SUCCEEDED")
    key = gateway.runtime.databases["main"].keyring.unwrapped(PROGRAM, None)
    assert key is not None
    assert key.open(entry["summary"], "audit_entries.summary") == "6 events taken in"
    assert key.open(entry["changes"], "audit_entries.changes") == (
        '[{"path":"events.STORED","before":null,"after":1},{"path":"events.DUPLICATE","before":null,"after":3},'
        '{"path":"events.UNMATCHED","before":null,"after":1},{"path":"events.REJECTED","before":null,"after":1}]'
    )


DEEP: dict[str, Any] = {}
for _ in range(32):
    DEEP = {"a": DEEP}
FITS = {"location_id": STORE, "minutes": 5}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "no_such_type"}, "NOT_FOUND", "type"),
    ({"source": ""}, "INVALID", "source"),
    ({"source": "s" * 201}, "INVALID", "source"),
    ({"source": "customer-graph"}, "INVALID", "source"),
    ({"sourceEventId": ""}, "INVALID", "sourceEventId"),
    ({"sourceEventId": "i" * 201}, "INVALID", "sourceEventId"),
    ({"channel": "GATEWAY"}, "INVALID", "channel"),
    ({"occurredAt": "9000-01-01T00:00:00Z"}, "INVALID", "occurredAt"),
    ({"occurredAt": "1899-12-31T23:59:59Z"}, "INVALID", "occurredAt"),
    ({"attributes": [1]}, "INVALID", "attributes"),
    ({"attributes": "text"}, "INVALID", "attributes"),
    ({"attributes": {"location_id": STORE}}, "INVALID", "attributes"),
    ({"attributes": {"location_id": STORE, "minutes": "five"}}, "INVALID", "attributes.minutes"),
    ({"attributes": {"location_id": STORE, "minutes": 1_441}}, "INVALID", "attributes.minutes"),
    ({"attributes": {"location_id": STORE, "minutes": True}}, "INVALID", "attributes.minutes"),
    ({"attributes": FITS | {"remark": "r" * 501}}, "INVALID", "attributes.remark"),
    ({"attributes": FITS | {"more": ["x" * 2_000] * 9}}, "INVALID", "attributes"),
    ({"attributes": FITS | {"more": "x" * 17_000}}, "INVALID", "attributes"),
    ({"attributes": FITS | {"more": DEEP}}, "INVALID", "attributes"),
    ({"attributes": FITS | {"more": 2**64}}, "INVALID", "attributes"),
    ({"customer": {"uuid": "nobody"}}, "INVALID", "customer"),
    ({"customer": {"externalId": {"system": "crm", "value": " "}}}, "INVALID", "customer"),
    ({"customer": {"externalId": {"system": "", "value": "1"}}}, "INVALID", "customer.externalId.system"),
    ({"customer": {"loyaltyNumber": "9" * 201}}, "INVALID", "customer"),
]  # fmt: skip


async def test_what_can_not_be_taken_in_is_rejected_alone(gateway: Gateway) -> None:
    right = visit(gateway, of(gateway, MEMBER))
    batch = [visit(gateway, of(gateway, MEMBER)) | change for change, _, _ in WRONG]
    before = await around(gateway, gateway.members[MEMBER])
    *rejected, stored = await sent(gateway, *batch, right)
    told = [(one["outcome"], one["event"], one["error"]["code"], ".".join(one["error"]["path"])) for one in rejected]
    assert told == [("REJECTED", None, code, f"events.{at}.{path}") for at, (_, code, path) in enumerate(WRONG)]
    assert (stored["outcome"], stored["error"]) == ("STORED", None)
    after = grown(before, await around(gateway, gateway.members[MEMBER]))
    assert missing(after, "customers") == {"events": 1, "event_keys": 1, **BATCH}


async def test_as_much_as_fits_is_taken_in(gateway: Gateway) -> None:
    extent = {"more": "x" * (16_384 - len('{"location_id":"367","minutes":5,"more":""}'))}
    deep = {"more": DEEP["a"]["a"]}
    results = await sent(
        gateway,
        visit(gateway, of(gateway, MEMBER), attributes=FITS | extent),
        visit(gateway, of(gateway, MEMBER), attributes=FITS | deep),
        visit(gateway, of(gateway, MEMBER), source="s" * 200, sourceEventId=uuid4().hex.ljust(200, "i")),
        visit(gateway, of(gateway, MEMBER), occurredAt="8999-12-31T00:00:00Z", channel=None),
    )
    assert outcomes(results) == ["STORED"] * 4
    assert results[3]["event"]["channel"] == "API"


@pytest.mark.parametrize("many", [0, 1_001])
async def test_an_empty_batch_and_too_large_a_one_are_refused_as_a_whole(gateway: Gateway, many: int) -> None:
    one = visit(gateway, of(gateway, MEMBER))
    before = await around(gateway, gateway.members[MEMBER])
    payload = taken(await gateway.run(INGEST, {"input": {"events": [one] * many}}))
    assert payload == {
        "userErrors": [
            {
                "code": "INVALID",
                "message": "A batch has 1 to 1000 events: send the rest in another one.",
                "path": ["events"],
            }
        ],
        "replayed": False,
        "dryRun": False,
        "results": [],
    }
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == BATCH


@pytest.mark.parametrize(
    "change",
    [
        {"customer": {"id": "nobody"}},
        {"customer": {}},
        {"customer": {"email": "a@example.com", "phone": "+12125550123"}},
        {"customer": {"email": "no address"}},
        {"occurredAt": "yesterday"},
        {"channel": "PIGEON"},
        {"attributes": None},
    ],
)
async def test_what_is_no_event_refuses_the_request(gateway: Gateway, change: dict[str, Any]) -> None:
    before = await around(gateway, gateway.members[MEMBER])
    answer = await gateway.run(INGEST, {"input": {"events": [visit(gateway, of(gateway, MEMBER)) | change]}})
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_USER_INPUT"]
    assert await around(gateway, gateway.members[MEMBER]) == before


async def test_every_identifier_names_the_customer(gateway: Gateway) -> None:
    who = gateway.members[MEMBER]
    (known,) = await found(gateway, select(identifiers).where(identifiers.c.customer_id == who))
    named: list[dict[str, Any]] = [of(gateway, MEMBER), {"uuid": str(who)}]
    named += [
        {
            "EMAIL": {"email": row["value"].upper()},
            "PHONE": {"phone": row["value"]},
            "LOYALTY_NUMBER": {"loyaltyNumber": row["value"]},
            "EXTERNAL_ID": {"externalId": {"system": row["system"], "value": row["value"]}},
        }[row["kind"]]
        for row in known
    ]
    assert {row["kind"] for row in known} == {"EMAIL", "PHONE", "LOYALTY_NUMBER", "EXTERNAL_ID"}
    batch = [visit(gateway, one) for one in named]
    assert outcomes(await sent(gateway, *batch)) == ["STORED"] * len(named)
    ids = [one["sourceEventId"] for one in batch]
    (rows,) = await found(gateway, select(events).where(events.c.source_event_id.in_(ids)))
    assert Counter(row["customer_id"] for row in rows) == {who: len(named)}


async def test_a_purchase_is_referred_to_by_its_external_id(gateway: Gateway) -> None:
    bought = await buy(gateway, purchase(gateway, MEMBER, source="till"))
    told = {"total_minor": 2_000, "currency": "USD", "external_id": bought["transaction"]["externalId"]}
    own = visit(gateway, of(gateway, MEMBER), type="purchase", attributes=told, source="till")
    others = visit(gateway, of(gateway, OTHER), type="purchase", attributes=told, source="till")
    results = await sent(gateway, own, others)
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Event { details { ... on PurchaseDetails {
        transaction { id } total { amountMinor } } } } } }"""
    read = await gateway.run(query, {"ids": [one["event"]["id"] for one in results]})
    assert [node["details"] for node in read.data["nodes"]] == [
        {"transaction": {"id": bought["transaction"]["id"]}, "total": {"amountMinor": 2_000}},
        {"transaction": None, "total": {"amountMinor": 2_000}},
    ]


@pytest.mark.parametrize(
    ("type_", "told", "moves"),
    [("store_visit", FITS, True), ("communication", {"channel": "EMAIL"}, False)],
)
async def test_what_customers_do_moves_their_last_activity_on(
    gateway: Gateway, type_: str, told: dict[str, Any], moves: bool
) -> None:
    member = "CJ-000030" if moves else "CJ-000031"
    who = customers.c.customer_id == gateway.members[member]
    ((before,),) = await found(gateway, select(customers).where(who))
    later = [before["last_active_at"] + dt.timedelta(minutes=minutes) for minutes in (2, 3, 1)]
    batch = [
        visit(gateway, of(gateway, member), type=type_, attributes=told, occurredAt=at.isoformat()) for at in later
    ]
    ahead = visit(gateway, of(gateway, member), type=type_, attributes=told, occurredAt="2090-01-01T00:00:00Z")
    await sent(gateway, *batch)
    ((after,),) = await found(gateway, select(customers).where(who))
    assert after["last_active_at"] == after["active_key"] == (later[1] if moves else before["last_active_at"])
    await sent(gateway, ahead)
    ((after,),) = await found(gateway, select(customers).where(who))
    assert after["last_active_at"] == (gateway.now if moves else before["last_active_at"])


async def test_events_grant_nothing_so_the_restricted_and_the_blocked_have_theirs(gateway: Gateway) -> None:
    batch = [visit(gateway, of(gateway, member)) for member in (RESTRICTED, BLOCKED)]
    assert outcomes(await sent(gateway, *batch)) == ["STORED", "STORED"]


@pytest.mark.parametrize("state", ["DELETED", "ANONYMIZED", "FORGOTTEN"])
async def test_nothing_is_stored_of_those_who_are_gone(gateway: Gateway, state: str) -> None:
    known, new = visit(gateway, of(gateway, OTHER)), visit(gateway, of(gateway, OTHER))
    await sent(gateway, known)
    await put(gateway, OTHER, membership=state)
    try:
        before = await around(gateway, gateway.members[OTHER])
        results = await sent(gateway, new, known)
        assert outcomes(results) == ["REJECTED", "DUPLICATE"]
        assert results[0]["error"] == {
            "code": "CUSTOMER_GONE",
            "message": "The membership is closed, or the personal data was removed.",
            "path": ["events", "0", "customer"],
        }
        assert grown(before, await around(gateway, gateway.members[OTHER])) == BATCH
    finally:
        await put(gateway, OTHER, membership="ACTIVE")


async def test_what_those_did_who_were_forgotten_is_dropped_and_counted(gateway: Gateway) -> None:
    who = gateway.members[OTHER]
    ((person,),) = await found(gateway, select(customers).where(customers.c.customer_id == who))
    keyring = gateway.runtime.databases["main"].keyring
    address = f"{uuid4().hex}@example.com"
    hashes = [keyring.fingerprint(PURPOSE, f"EMAIL::{value}") for value in (person["email"], address)]
    engine = create_async_engine(gateway.runtime.databases["main"].url)
    async with engine.begin() as connection:
        rows = [{"match_hash": hash_, "since": gateway.now} for hash_ in hashes]
        await connection.execute(insert(suppressed_identifiers), rows)
    await engine.dispose()
    earlier = (person["created_at"] - dt.timedelta(seconds=1)).isoformat()
    before = await around(gateway, gateway.members[OTHER])
    results = await sent(
        gateway,
        visit(gateway, {"email": person["email"]}, occurredAt=earlier),
        visit(gateway, {"email": person["email"]}),
        visit(gateway, {"email": address}),
        visit(gateway, of(gateway, OTHER), occurredAt=earlier),
    )
    assert outcomes(results) == ["REJECTED", "STORED", "REJECTED", "STORED"]
    told = [(one["error"]["code"], one["error"]["path"]) for one in results if one["error"]]
    assert told == [("CUSTOMER_GONE", ["events", position, "customer"]) for position in ("0", "2")]
    after = await around(gateway, gateway.members[OTHER])
    assert (grown(before, after)["events"], "unmatched_events" in grown(before, after)) == (2, False)


@pytest.mark.parametrize(
    "caller", [Caller("service", stores=("1",)), Caller("service", customer=OTHER)], ids=["stores", "customer"]
)
async def test_who_is_bound_reaches_no_other_and_leaves_nothing_waiting(gateway: Gateway, caller: Caller) -> None:
    known = visit(gateway, of(gateway, MEMBER))
    await sent(gateway, known)
    before = await around(gateway, gateway.members[MEMBER])
    results = await sent(gateway, visit(gateway, of(gateway, MEMBER)), visit(gateway, stranger()), known, caller=caller)
    assert outcomes(results) == ["REJECTED", "REJECTED", "DUPLICATE"]
    assert [one["error"] and (one["error"]["code"], one["error"]["path"]) for one in results] == [
        ("NOT_FOUND", ["events", "0", "customer"]),
        ("NOT_FOUND", ["events", "1", "customer"]),
        None,
    ]
    assert results[2]["event"] is None
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == BATCH


async def test_who_is_bound_to_one_customer_tells_of_that_one(gateway: Gateway) -> None:
    given = visit(gateway, of(gateway, OTHER))
    (first,) = await sent(gateway, given, caller=Caller("service", customer=OTHER))
    (again,) = await sent(gateway, given, caller=Caller("service", customer=OTHER))
    assert (first["outcome"], again["outcome"], again["event"]) == ("STORED", "DUPLICATE", first["event"])


async def test_the_event_of_a_type_that_is_not_surfaced_is_stored_unseen(gateway: Gateway) -> None:
    told = {"type": "session_started", "attributes": {"property_name": "Journey app"}}
    given = visit(gateway, of(gateway, MEMBER), **told)
    (first,) = await sent(gateway, given, caller="service")
    (again,) = await sent(gateway, given, caller="service")
    (seen,) = await sent(gateway, given)
    assert [(one["outcome"], one["event"] is None) for one in (first, again, seen)] == [
        ("STORED", True),
        ("DUPLICATE", True),
        ("DUPLICATE", False),
    ]


async def test_without_the_scope_nothing_is_taken_in_and_the_attempt_is_told(gateway: Gateway) -> None:
    before = await around(gateway, gateway.members[MEMBER])
    answer = await gateway.run(INGEST, {"input": {"events": [visit(gateway, of(gateway, MEMBER))]}}, "care_agent")
    assert (answer.data, answer.told) == ({"eventsIngest": None}, ["FORBIDDEN@eventsIngest"])
    assert grown(before, await around(gateway, gateway.members[MEMBER])) == BATCH


async def test_an_event_that_waits_tells_nobody_whose_it_may_be(gateway: Gateway) -> None:
    value = uuid4().hex
    told = FITS | {"remark": f"Asked by {value}"}
    given = visit(gateway, stranger(value), attributes=told)
    await sent(gateway, given)
    ((row,),) = await found(
        gateway, select(unmatched_events).where(unmatched_events.c.source_event_id == given["sourceEventId"])
    )
    assert value.encode() not in row["payload"]
    assert value not in str(missing(dict(row), "payload"))
    assert (row["reason"], row["channel"]) == ("No customer has this external id of system crm", "API")
    answer = await gateway.run("{ unmatchedEvents(first: 1) { nodes { type source payload } } }")
    (node,) = answer.data["unmatchedEvents"]["nodes"]
    assert node["payload"]["remark"] == f"Asked by {value}"
    (again,) = await sent(gateway, given)
    assert (again["outcome"], again["event"]) == ("DUPLICATE", None)
