"""Profiles changed as clients meet it: what is answered, what is stored, and what is left alone."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.harness import Gateway
from tests.writing.asking import refused
from tests.writing.doing import REFUSED, do
from tests.writing.profile_asking import CHANGED, SHOWN, create, email, enrolled, found_by, sync, update
from tests.writing.profile_laws import history_broken, history_of, index_broken
from tests.writing.tables import contents, everything, grown

MEMBER, OTHER, RESTRICTED = "CJ-000034", "CJ-000035", "CJ-000007"
WORKERS = 16


async def test_an_update_changes_what_is_given_clears_what_is_null_and_leaves_the_rest(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    (row,) = before["customers"]
    payload = await update(gateway, {"firstName": "Ångström", "gender": None, "spokenLanguages": None}, MEMBER)
    profile = payload["customer"]["profile"]
    assert (profile["firstName"], profile["gender"], profile["spokenLanguages"]) == ("Ångström", None, [])
    assert (profile["lastName"], profile["email"]) == (row["last_name"], row["email"])
    assert payload["customer"]["version"] == row["version"] + 1
    assert payload["auditEntry"]["changes"] == [
        {"path": "profile.firstName", "before": row["first_name"], "after": "Ångström"},
        {"path": "profile.gender", "before": row["gender"], "after": None},
        {"path": "profile.spokenLanguages", "before": list(row["spoken_languages"]), "after": []},
    ]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == CHANGED
    assert (await history_of(gateway, gateway.members[MEMBER]))[-1] == payload["auditEntry"]["changes"]
    assert await found_by(gateway, firstName="angstr") == [MEMBER]
    assert MEMBER not in await found_by(gateway, firstName=row["first_name"], lastName=row["last_name"])
    again = await update(gateway, {"firstName": "Ångström", "gender": None}, MEMBER)
    assert refused(again) == [("ALREADY_DONE", "customerId")]


async def test_a_new_address_is_unverified_and_the_old_one_is_free_at_once(gateway: Gateway) -> None:
    (row,) = (await contents(gateway, gateway.members[OTHER]))["customers"]
    address = email()
    payload = await update(gateway, {"email": address}, OTHER)
    profile = payload["customer"]["profile"]
    assert (profile["email"], profile["emailVerifiedAt"]) == (address, None)
    assert profile["phoneVerifiedAt"] == (row["phone_verified_at"] and profile["phoneVerifiedAt"])
    taker = await enrolled(gateway, {"email": row["email"]})
    assert refused(await update(gateway, {"email": row["email"]}, OTHER)) == [("IDENTIFIER_TAKEN", "profile.email")]
    cleared = await update(gateway, {"email": None}, taker["supportId"])
    # It is all that the new customer is found by.
    assert refused(cleared) == [("REQUIRED", "profile")]
    assert (await update(gateway, {"email": None, "phone": "+12125559222"}, taker["supportId"]))["userErrors"] == []
    assert (await update(gateway, {"email": row["email"]}, OTHER))["customer"]["profile"]["email"] == row["email"]
    assert await index_broken(gateway) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ("REQUIRED", "profile")),
        ({"profile": None}, ("INVALID", "profile")),
        ({"profile": {}}, ("ALREADY_DONE", "customerId")),
        ({"profile": {"firstName": "Ada"}, "expectedVersion": 0}, ("CONFLICT", "expectedVersion")),
        ({"profile": {"dateOfBirth": "2999-01-01"}}, ("INVALID", "profile.dateOfBirth")),
        ({"profile": {"firstName": "Ada"}, "reason": {"ticketId": ""}}, ("INVALID", "reason.ticketId")),
    ],
)
async def test_an_update_that_cant_be_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, given: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await do(gateway, "customerUpdate", {"customerId": gateway.customer_id(MEMBER)} | given, SHOWN)
    assert (refused(payload), payload["customer"]) == ([told], None)
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_a_restricted_profile_is_changed_by_those_who_handle_privacy(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[RESTRICTED])
    refusal = await update(gateway, {"firstName": "Rex"}, RESTRICTED, "care_agent")
    assert refused(refusal) == [("CUSTOMER_RESTRICTED", "customerId")]
    assert grown(before, await contents(gateway, gateway.members[RESTRICTED])) == REFUSED
    done = await update(gateway, {"firstName": "Rex"}, RESTRICTED, "privacy_officer")
    assert done["customer"]["profile"]["firstName"] == "Rex"


async def test_a_stale_version_changes_nothing_and_the_current_one_does(gateway: Gateway) -> None:
    seen = (await update(gateway, {"gender": uuid4().hex}, MEMBER))["customer"]["version"]
    assert (await update(gateway, {"gender": uuid4().hex}, MEMBER, expectedVersion=seen))["customer"][
        "version"
    ] == seen + 1
    before = await contents(gateway, gateway.members[MEMBER])
    stale = await update(gateway, {"gender": uuid4().hex}, MEMBER, expectedVersion=seen)
    assert refused(stale) == [("CONFLICT", "expectedVersion")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_of_many_changes_of_one_version_at_once_one_is_made(gateway: Gateway) -> None:
    seen = (await update(gateway, {"gender": uuid4().hex}, MEMBER))["customer"]["version"]
    payloads = await asyncio.gather(
        *(update(gateway, {"gender": f"g{number}"}, MEMBER, expectedVersion=seen) for number in range(WORKERS))
    )
    told = Counter(code for payload in payloads for code, _ in refused(payload))
    assert told == {"CONFLICT": WORKERS - 1}
    assert await history_broken(gateway, gateway.members[MEMBER]) == []


async def test_a_dry_run_shows_the_customer_that_would_be(gateway: Gateway) -> None:
    before, address = await everything(gateway), email()
    made = await create(gateway, {"email": address, "firstName": "Dry"}, dryRun=True)
    assert (made["dryRun"], made["customer"]["profile"]["email"], made["auditEntry"]) == (True, address, None)
    changed = await update(gateway, {"firstName": "Dry"}, MEMBER, dryRun=True)
    assert changed["customer"]["profile"]["firstName"] == "Dry"
    assert await everything(gateway) == before


async def test_an_account_elsewhere_is_linked_once_and_to_one_customer(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await sync(gateway, MEMBER)
    assert payload["customer"]["externalIds"][-1] == {"system": "pos", "value": "P-1"}
    (change,) = payload["auditEntry"]["changes"]
    assert (change["path"], change["after"]) == ("externalIds", payload["customer"]["externalIds"])
    assert change["before"] == change["after"][:-1]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == CHANGED | {"identifiers": 1}
    query = '{ customer(by: {externalId: {system: "pos", value: "P-1"}}) { supportId } }'
    assert (await gateway.run(query)).data["customer"] == {"supportId": MEMBER}
    assert refused(await sync(gateway, MEMBER)) == [("ALREADY_DONE", "account.value")]
    assert refused(await sync(gateway, OTHER)) == [("IDENTIFIER_TAKEN", "account.value")]
    elsewhere = {"system": "web", "value": "P-1"}
    assert (await sync(gateway, OTHER, account=elsewhere))["customer"]["externalIds"][-1] == elsewhere
    assert await index_broken(gateway) == []


@pytest.mark.parametrize("direction", ["PULL", "PUSH"])
async def test_nothing_is_pulled_or_pushed_where_no_source_can(gateway: Gateway, direction: str) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await sync(gateway, MEMBER, direction=direction)) == [("INVALID", "direction")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


@pytest.mark.parametrize(
    ("account", "path"),
    [
        ({"system": " ", "value": "1"}, "account.system"),
        ({"system": "x" * 201, "value": "1"}, "account.system"),
        ({"system": "crm", "value": ""}, "account.value"),
        ({"system": "crm", "value": "x" * 201}, "account.value"),
    ],
)
async def test_an_account_elsewhere_has_a_system_and_a_value(
    gateway: Gateway, account: dict[str, str], path: str
) -> None:
    assert refused(await sync(gateway, MEMBER, account=account)) == [("INVALID", path)]
