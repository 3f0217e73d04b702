"""Customers enrolled as clients meet it: what is answered, what is stored, and who has an identifier."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from datasources.sql.tables.audit import audit_entries
from datasources.sql.tables.profiles import customer_places, customers, identifiers, profile_versions
from datasources.sql.tables.writing import idempotency_keys
from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import do
from tests.writing.laws import broken
from tests.writing.profile_asking import create, email, enrolled, found_by, update
from tests.writing.profile_laws import index_broken
from tests.writing.states import put
from tests.writing.tables import Contents, contents, everything, found, grown

MEMBER, TAKEN = "CJ-000034", "CJ-000036"
WORKERS = 16
BARE = "customer { supportId version profile { email } }"
TABLES = (customers, identifiers, customer_places, profile_versions, idempotency_keys, audit_entries)


async def stored(gateway: Gateway) -> Contents:
    """All that an enrolment may leave."""
    rows = await found(gateway, *(select(table).order_by(*table.primary_key) for table in TABLES))
    return {table.name: of_table for table, of_table in zip(TABLES, rows, strict=True)}


async def test_an_enrolment_makes_a_customer_with_key_chain_identifiers_and_event(gateway: Gateway) -> None:
    before, address = await everything(gateway), email()
    given = {
        "firstName": " Zoë ",
        "lastName": "Ørsted",
        "email": address.upper(),
        "phone": "+12125559876",
        "dateOfBirth": "1990-02-28",
        "gender": "female",
        "locale": "da-DK",
        "spokenLanguages": ["da-DK", "en-US", "da-DK"],
        "addresses": [{"label": "home", "city": "Odense", "countryCode": "DK"}],
        "attributes": [{"key": "paperless", "value": True}],
    }
    payload = await create(gateway, given, externalIds=[{"system": "crm", "value": " Z-1 "}])
    customer, now = payload["customer"], gateway.now.isoformat().replace("+00:00", "Z")
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, False)
    assert customer | dict.fromkeys(("id", "uuid", "supportId"), "") == {
        "id": "",
        "uuid": "",
        "supportId": "",
        "version": 1,
        "displayName": "Zoë Ørsted",
        "externalIds": [{"system": "crm", "value": "Z-1"}],
        "status": {"key": "active"},
        "processing": "ACTIVE",
        "isTestPersona": False,
        "membership": {"state": "PENDING_VERIFICATION", "verifiedAt": None, "isActive": False},
        "createdAt": now,
        "updatedAt": now,
        "enrolledAt": now,
        "lastActiveAt": None,
        "favoriteLocation": None,
        "profile": {
            "firstName": "Zoë",
            "lastName": "Ørsted",
            "email": address,
            "phone": "+12125559876",
            "emailVerifiedAt": None,
            "phoneVerifiedAt": None,
            "dateOfBirth": "1990-02-28",
            "gender": "female",
            "locale": "da-DK",
            "spokenLanguages": ["da-DK", "en-US"],
            "addresses": [{"label": "home", "city": "Odense", "countryCode": "DK"}],
            "attributes": [{"definition": {"key": "paperless"}, "value": True, "source": "customer-graph"}],
        },
    }
    assert payload["auditEntry"]["summary"] == "Customer created"
    assert {change["path"]: change["after"] for change in payload["auditEntry"]["changes"]} == {
        "profile.firstName": "Zoë",
        "profile.lastName": "Ørsted",
        "profile.email": address,
        "profile.phone": "+12125559876",
        "profile.dateOfBirth": "1990-02-28",
        "profile.gender": "female",
        "profile.locale": "da-DK",
        "profile.spokenLanguages": ["da-DK", "en-US"],
        "profile.addresses": [{"label": "home", "city": "Odense", "countryCode": "DK"}],
        "profile.attributes.paperless": True,
        "externalIds": [{"system": "crm", "value": "Z-1"}],
    }
    assert grown(before, await everything(gateway)) == {
        "customers": 1,
        "identifiers": 3,
        "profile_versions": 1,
        "events": 1,
        "event_keys": 1,
        "idempotency_keys": 1,
        "audit_entries": 1,
        "audit_heads": 1,
    }
    assert await broken(gateway, UUID(customer["uuid"])) == []
    assert await index_broken(gateway) == []


async def test_whoever_is_enrolled_is_found_at_once_by_all_that_names_them(gateway: Gateway) -> None:
    address = email()
    customer = await enrolled(gateway, {"firstName": "Quirina", "email": address, "phone": "+12125559870"})
    assert await found_by(gateway, firstName="quiri") == [customer["supportId"]]
    assert (
        await found_by(gateway, email=address)
        == await found_by(gateway, phone="+12125559870")
        == [customer["supportId"]]
    )
    query = """query ($id: ID!, $key: String!) { node(id: $id) { ... on Customer { supportId } }
        customer(by: {supportId: $key}) { supportId events { nodes { type } } } }"""
    answer = await gateway.run(query, {"id": customer["id"], "key": customer["supportId"]})
    assert answer.data["node"] == {"supportId": customer["supportId"]}
    assert answer.data["customer"]["events"]["nodes"] == [{"type": "account_created"}]


async def test_a_test_persona_is_told_as_one(gateway: Gateway) -> None:
    payload = await create(gateway, {"email": email()}, isTestPersona=True)
    assert payload["customer"]["isTestPersona"] is True
    assert payload["auditEntry"]["summary"] == "Test persona created"


async def test_an_enrolment_at_a_location_ties_the_customer_to_it(gateway: Gateway) -> None:
    query = "{ locations(first: 2, filter: {kinds: [STORE]}) { nodes { id storeId } } }"
    one, other = (await gateway.run(query)).data["locations"]["nodes"]
    clerk = Caller("store_associate", stores=(one["storeId"],))
    profile = {"email": email()}
    assert refused(await create(gateway, profile, clerk)) == [("REQUIRED", "favoriteLocationId")]
    far = await create(gateway, profile, clerk, favoriteLocationId=other["id"])
    assert refused(far) == [("NOT_FOUND", "favoriteLocationId")]
    unknown = await create(gateway, profile, favoriteLocationId=one["id"][:-4] + "AAAA")
    assert refused(unknown) == [("NOT_FOUND", "favoriteLocationId")]
    shown = (
        "customer { uuid supportId favoriteLocation { storeId } locations { nodes { relation location { storeId } } } }"
    )
    given = {"profile": profile, "favoriteLocationId": one["id"]}
    customer = (await do(gateway, "customerCreate", given, shown, clerk))["customer"]
    store = {"storeId": one["storeId"]}
    assert customer["favoriteLocation"] == store
    assert customer["locations"]["nodes"] == [{"relation": "FAVORITE", "location": store}]
    gateway.members[customer["supportId"]] = UUID(customer["uuid"])  # type: ignore[index]  # the harness's own dict
    moved = await update(gateway, None, customer["supportId"], favoriteLocationId=other["id"])
    assert moved["customer"]["favoriteLocation"] == {"storeId": other["storeId"]}
    cleared = await update(gateway, None, customer["supportId"], favoriteLocationId=None)
    assert cleared["customer"]["favoriteLocation"] is None
    rows = await contents(gateway, gateway.members[customer["supportId"]])
    assert rows["customer_places"] == []


@pytest.mark.parametrize(
    ("profile", "more", "told"),
    [
        ({}, {}, ("REQUIRED", "profile")),
        ({"firstName": "Ada", "email": None}, {}, ("REQUIRED", "profile")),
        ({"email": "x" * 250 + "@example.org"}, {}, ("INVALID", "profile.email")),
        ({"firstName": ""}, {}, ("INVALID", "profile.firstName")),
        ({"firstName": "  "}, {}, ("INVALID", "profile.firstName")),
        ({"lastName": "x" * 201}, {}, ("INVALID", "profile.lastName")),
        ({"lastName": "•••"}, {}, ("INVALID", "profile.lastName")),
        ({"email": "j•••@e•••.com"}, {}, ("INVALID", "profile.email")),
        ({"dateOfBirth": "2026-02-02"}, {}, ("INVALID", "profile.dateOfBirth")),
        ({"gender": "x" * 201}, {}, ("INVALID", "profile.gender")),
        ({"locale": "en" + "-aaaaaaaa" * 30}, {}, ("INVALID", "profile.locale")),
        ({"spokenLanguages": ["en", "en" + "-aaaaaaaa" * 30]}, {}, ("INVALID", "profile.spokenLanguages.1")),
        ({"addresses": [{"city": "x" * 201}]}, {}, ("INVALID", "profile.addresses.0.city")),
        ({"addresses": [{}, {"countryCode": "XX"}]}, {}, ("INVALID", "profile.addresses.1.countryCode")),
        ({"addresses": [{"countryCode": "us"}]}, {}, ("INVALID", "profile.addresses.0.countryCode")),
        ({}, {"externalIds": [{"system": "", "value": "1"}]}, ("INVALID", "externalIds.0.system")),
        ({}, {"externalIds": [{"system": "crm", "value": "x" * 201}]}, ("INVALID", "externalIds.0.value")),
        (
            {},
            {"externalIds": [{"system": "a", "value": "1"}, {"system": "completejourney", "value": "36"}]},
            ("IDENTIFIER_TAKEN", "externalIds.1.value"),
        ),
        ({"email": email()}, {"reason": {"code": "whim"}}, ("INVALID", "reason.code")),
        ({"email": email()}, {"idempotencyKey": "a b"}, ("INVALID", "idempotencyKey")),
    ],
)
async def test_an_enrolment_that_cant_be_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, profile: dict[str, Any], more: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await stored(gateway)
    payload = await create(gateway, profile, **more)
    assert (refused(payload), payload["customer"], payload["auditEntry"]) == ([told], None, None)
    assert grown(before, await stored(gateway)) == {"audit_entries": 1}


@pytest.mark.parametrize("kind", ["email", "phone"])
@pytest.mark.parametrize("state", ["ACTIVE", "BLOCKED", "DELETED"])
async def test_an_identifier_of_another_is_never_moved(gateway: Gateway, kind: str, state: str) -> None:
    """Deleted customers keep theirs: the membership can be restored until the purge."""
    query = f"query ($id: ID!) {{ customer(by: {{id: $id}}) {{ profile {{ {kind} }} }} }}"
    answer = await gateway.run(query, {"id": gateway.customer_id(TAKEN)})
    value = answer.data["customer"]["profile"][kind]
    await put(gateway, TAKEN, membership=state)
    path = ("IDENTIFIER_TAKEN", f"profile.{kind}")
    spelled = value.upper() if kind == "email" else f"{value[:2]} ({value[2:5]}) {value[5:8]}-{value[8:]}"
    assert refused(await create(gateway, {kind: spelled})) == [path]
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await update(gateway, {kind: spelled, "firstName": "Changed"}, MEMBER)) == [path]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {"audit_entries": 1, "audit_heads": 0}
    await put(gateway, TAKEN, membership="ACTIVE")
    assert await index_broken(gateway) == []


async def test_of_many_enrolments_with_one_address_at_once_one_wins(gateway: Gateway) -> None:
    address, before = email(), await stored(gateway)
    payloads = await asyncio.gather(
        *(
            do(gateway, "customerCreate", {"profile": {"email": address, "firstName": f"N{number}"}}, BARE)
            for number in range(WORKERS)
        )
    )
    told = Counter(tuple(refused(payload)) for payload in payloads)
    assert told == {(): 1, (("IDENTIFIER_TAKEN", "profile.email"),): WORKERS - 1}
    changed = grown(before, await stored(gateway))
    assert (changed["customers"], changed["identifiers"], changed["audit_entries"]) == (1, 1, WORKERS)
    assert await index_broken(gateway) == []


async def test_of_many_customers_who_take_one_number_at_once_one_gets_it(gateway: Gateway) -> None:
    members = [f"CJ-0000{40 + number}" for number in range(WORKERS)]
    profile = {"phone": "+12125559111", "email": email()}
    payloads = await asyncio.gather(*(update(gateway, profile, member) for member in members))
    assert sum(not payload["userErrors"] for payload in payloads) == 1
    assert {code for payload in payloads for code, _ in refused(payload)} == {"IDENTIFIER_TAKEN"}
    assert await index_broken(gateway) == []
