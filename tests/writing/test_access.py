"""Letting a customer in again, and letting staff in as a test persona, for whom the gateway signs a token that it believes."""

import datetime as dt
import time
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from sqlalchemy import select

from datasources.notifying import Template
from datasources.sql.tables.writing import outbox
from gateway.app import create_app
from gateway.identity import Identity, Unauthenticated
from gateway.keys import ConfiguredKey
from permissions.model import Principal, Reach, ReachKind, ViewerKind
from tests.demo import Demo
from tests.harness import AUDIENCE, ISSUER, KEY, SIGNING_KEY, Caller, Gateway, opened, settings
from tests.writing.asking import refused
from tests.writing.states import put
from tests.writing.tables import contents, everything, found, grown

MEMBER, UNVERIFIED, PERSONA = "CJ-000043", "CJ-000042", "CJ-000004"
REFUSED = {"audit_entries": 1, "audit_heads": 0}
SMS, MAIL, SESSION = "customerSmsVerificationReset", "customerPasswordResetEmailSend", "personaSessionCreate"
SHARED = "replayed dryRun userErrors { code path message } auditEntry { type summary changes { path before after } }"
SHOWN = {
    SMS: "customer { version profile { phoneVerifiedAt } }",
    MAIL: "customer { version profile { phoneVerifiedAt } }",
    SESSION: "token expiresAt",
}


async def ask(
    gateway: Gateway, mutation: str, member: str = MEMBER, caller: Caller | str = "admin", **more: Any
) -> dict[str, Any]:
    """The payload of a mutation that had no error."""
    query = f"mutation ($input: CustomerActionInput!) {{ {mutation}(input: $input) {{ {SHARED} {SHOWN[mutation]} }} }}"
    given = {"customerId": gateway.customer_id(member), "idempotencyKey": uuid4().hex} | more
    answer = await gateway.run(query, {"input": given}, caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[mutation]
    return payload


async def posted(gateway: Gateway, member: str) -> list[Any]:
    """What waits in the outbox for the customer, oldest first."""
    own = select(outbox).where(outbox.c.customer_id == gateway.members[member]).order_by(outbox.c.id)
    return list((await found(gateway, own))[0])


def believed(gateway: Gateway) -> Identity:
    """Who a caller is, by the real time, as the gateway tells it over HTTP."""
    made_of = settings(gateway.runtime.databases["main"].url)
    keys = ConfiguredKey(made_of.auth.verifying_key)
    return Identity(made_of.auth, made_of.role_table, keys, own=gateway.runtime.signing)


async def test_a_reset_takes_the_number_as_not_verified_and_posts_a_link_to_it(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    row = before["customers"][0]
    assert row["phone_verified_at"] is not None
    payload = await ask(gateway, SMS)
    assert payload["customer"] == {"version": row["version"] + 1, "profile": {"phoneVerifiedAt": None}}
    (change,) = payload["auditEntry"]["changes"]
    assert (change["path"], change["after"], change["before"] is not None) == ("profile.phoneVerifiedAt", None, True)
    after = await contents(gateway, gateway.members[MEMBER])
    told = grown(before, after)
    assert told | {"audit_heads": 0} == {
        "customers": 0,
        "profile_versions": 1,
        "outbox": 1,
        "idempotency_keys": 1,
        **REFUSED,
    }
    (message,) = await posted(gateway, MEMBER)
    assert (message["topic"], message["payload"]) == ("notifications", {"template": "phone_verification"})
    assert (message["kind"], message["lane"]) == ("notifications", message["id"])


async def test_a_number_that_was_never_verified_gets_a_link_and_the_profile_stays(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[UNVERIFIED])
    assert before["customers"][0]["phone_verified_at"] is None
    assert (await ask(gateway, SMS, UNVERIFIED))["auditEntry"]["changes"] == []
    told = grown(before, await contents(gateway, gateway.members[UNVERIFIED]))
    assert told | {"audit_heads": 0} == {"outbox": 1, "idempotency_keys": 1, **REFUSED}


async def test_a_password_reset_posts_a_link_and_tells_it_to_nobody(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await ask(gateway, MAIL)
    assert (payload["userErrors"], payload["auditEntry"]["type"]) == ([], MAIL)
    assert "eyJ" not in str(payload)
    told = grown(before, await contents(gateway, gateway.members[MEMBER]))
    assert told == {"outbox": 1, "idempotency_keys": 1, **REFUSED}
    assert (await posted(gateway, MEMBER))[-1]["payload"] == {"template": "password_reset"}


@pytest.mark.parametrize("mutation", [SMS, MAIL])
async def test_neither_a_replay_nor_a_dry_run_posts_anything(gateway: Gateway, mutation: str) -> None:
    key = uuid4().hex
    await ask(gateway, mutation, idempotencyKey=key)
    before = await everything(gateway)
    assert (await ask(gateway, mutation, idempotencyKey=key))["replayed"] is True
    assert (await ask(gateway, mutation, dryRun=True))["dryRun"] is True
    assert await everything(gateway) == before


async def test_a_dry_run_shows_the_number_as_not_verified(gateway: Gateway) -> None:
    await put(gateway, UNVERIFIED, phone_verified_at=gateway.now)
    payload = await ask(gateway, SMS, UNVERIFIED, dryRun=True)
    assert payload["customer"]["profile"] == {"phoneVerifiedAt": None}
    await put(gateway, UNVERIFIED, phone_verified_at=None)


@pytest.mark.parametrize(("mutation", "column"), [(SMS, "phone"), (MAIL, "email")])
async def test_where_there_is_nowhere_to_send_it_nothing_is_done(gateway: Gateway, mutation: str, column: str) -> None:
    held = (await contents(gateway, gateway.members[MEMBER]))["customers"][0][column]
    await put(gateway, MEMBER, **{column: None})
    try:
        before = await contents(gateway, gateway.members[MEMBER])
        payload = await ask(gateway, mutation)
        assert refused(payload) == [("INVALID", "customerId")]
        assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED
    finally:
        await put(gateway, MEMBER, **{column: held})


@pytest.mark.parametrize("mutation", [SMS, MAIL, SESSION])
async def test_a_version_that_is_not_current_any_more_is_refused(gateway: Gateway, mutation: str) -> None:
    payload = await ask(gateway, mutation, PERSONA, expectedVersion=0)
    assert refused(payload) == [("CONFLICT", "expectedVersion")]


async def test_the_session_of_a_persona_is_a_members_and_lasts_a_quarter_of_an_hour(gateway: Gateway) -> None:
    asked_at = int(time.time())
    payload = await ask(gateway, SESSION, PERSONA)
    principal = await believed(gateway).verified(payload["token"])
    customer = gateway.members[PERSONA]
    assert (principal.kind, principal.id, principal.roles) == (ViewerKind.MEMBER, str(customer), ("member",))
    assert principal.reach == Reach(ReachKind.CUSTOMER, customer=customer)
    assert "points:adjust" not in principal.scopes and "customers:search" not in principal.scopes
    assert principal.expires_at == dt.datetime.fromisoformat(payload["expiresAt"])
    lasts_s = principal.expires_at.timestamp() - asked_at
    assert lasts_s - 900 in (0, 1, 2)
    assert await asked_as(gateway, principal) == {"me": {"supportId": PERSONA}, "customers": None}
    claims = jwt.decode(payload["token"], options={"verify_signature": False})
    assert claims["act"] == {"sub": "admin", "kind": "staff"}


async def asked_as(gateway: Gateway, principal: Principal) -> Any:
    """What a principal sees of themselves and of others."""
    context = await gateway.runtime.context(principal, gateway.now, request_id="test")
    payload = await gateway._payload("{ me { supportId } customers(first: 25) { totalCount } }", {}, context)
    return payload["data"]


async def test_the_token_opens_the_gateway_that_gave_it(sqlite_demo: Demo) -> None:
    made_of = settings(sqlite_demo.copy())
    app, now = create_app(made_of), int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": now + 600, "roles": ["admin"]}
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://gateway", timeout=60) as client,
    ):

        async def asked(token: str, query: str) -> Any:
            response = await client.post(
                "/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"}
            )
            return response.json()["data"]

        admin = jwt.encode(claims, KEY, "HS256")
        known = await asked(admin, f'{{ customer(by: {{ supportId: "{PERSONA}" }}) {{ id }} }}')
        opening = f'mutation {{ {SESSION}(input: {{ customerId: "{known["customer"]["id"]}" }}) {{ token }} }}'
        token = (await asked(admin, opening))[SESSION]["token"]
        seen = await asked(token, "{ viewer { kind roles } me { supportId isTestPersona } }")
    assert seen == {
        "viewer": {"kind": "MEMBER", "roles": ["member"]},
        "me": {"supportId": PERSONA, "isTestPersona": True},
    }


async def test_a_session_ends(gateway: Gateway) -> None:
    token = (await ask(gateway, SESSION, PERSONA))["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    ended = jwt.encode(
        claims | {"iat": claims["iat"] - 1_000, "exp": claims["exp"] - 1_000},
        SIGNING_KEY,
        "EdDSA",
        headers=jwt.get_unverified_header(token),
    )
    with pytest.raises(Unauthenticated, match="has expired"):
        await believed(gateway).verified(ended)


async def test_the_token_is_told_once(gateway: Gateway) -> None:
    key, before = uuid4().hex, await contents(gateway, gateway.members[PERSONA])
    first = await ask(gateway, SESSION, PERSONA, idempotencyKey=key)
    assert first["token"].count(".") == 2
    stored = await everything(gateway)
    assert first["token"].rpartition(".")[2] not in str(stored)
    again = await ask(gateway, SESSION, PERSONA, idempotencyKey=key)
    assert again == first | {"replayed": True, "token": None, "expiresAt": None}
    assert await everything(gateway) == stored
    told = grown(before, await contents(gateway, gateway.members[PERSONA]))
    assert told | {"audit_heads": 0} == {"idempotency_keys": 1, **REFUSED}


async def test_a_dry_run_signs_nothing(gateway: Gateway) -> None:
    payload = await ask(gateway, SESSION, PERSONA, dryRun=True)
    assert (payload["userErrors"], payload["token"], payload["expiresAt"]) == ([], None, None)


@pytest.mark.parametrize(
    ("member", "state", "code"),
    [
        (MEMBER, {"membership": "ACTIVE"}, "INVALID"),
        (PERSONA, {"membership": "BLOCKED"}, "CUSTOMER_BLOCKED"),
        (PERSONA, {"membership": "DELETED"}, "CUSTOMER_GONE"),
    ],
)
async def test_nobody_signs_in_as_a_real_customer_or_one_who_could_not(
    gateway: Gateway, member: str, state: dict[str, str], code: str
) -> None:
    await put(gateway, member, **state)
    try:
        before = await contents(gateway, gateway.members[member])
        payload = await ask(gateway, SESSION, member)
        assert (refused(payload), payload["token"]) == ([(code, "customerId")], None)
        after = await contents(gateway, gateway.members[member])
        assert grown(before, after) | {"audit_heads": 0} == REFUSED
    finally:
        await put(gateway, member, membership="ACTIVE")


@pytest.mark.parametrize(("mutation", "role"), [(SMS, "store_associate"), (MAIL, "service"), (SESSION, "care_agent")])
async def test_without_the_scope_nothing_is_done(gateway: Gateway, mutation: str, role: str) -> None:
    query = f"mutation ($input: CustomerActionInput!) {{ {mutation}(input: $input) {{ {SHOWN[mutation]} }} }}"
    answer = await gateway.run(query, {"input": {"customerId": gateway.customer_id(PERSONA)}}, role)
    assert (answer.data, answer.told) == ({mutation: None}, [f"FORBIDDEN@{mutation}"])


async def test_a_link_in_a_message_lets_nobody_into_the_graph(gateway: Gateway) -> None:
    signing = gateway.runtime.signing
    assert signing is not None
    link = signing.link_token(Template.PASSWORD_RESET.value, gateway.members[MEMBER], uuid4())  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated, match="another type"):
        await believed(gateway).verified(link)


async def test_without_a_key_of_its_own_the_gateway_opens_no_session(sqlite_demo: Demo) -> None:
    async with opened(sqlite_demo.copy(), signing=None) as gateway:
        before = await contents(gateway, gateway.members[PERSONA])
        payload = await ask(gateway, SESSION, PERSONA)
        assert (refused(payload), payload["token"]) == ([("SOURCE_UNAVAILABLE", "customerId")], None)
        assert payload["userErrors"][0]["message"] == (
            "The gateway has no signing key of its own: ask whoever runs it to set one."
        )
        after = await contents(gateway, gateway.members[PERSONA])
        assert grown(before, after) | {"audit_heads": 0} == REFUSED


async def test_where_nobody_takes_text_messages_no_number_is_reset(sqlite_demo: Demo) -> None:
    mail_only = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "security": "none",
        "sender": "no-reply@example.com",
        "password_reset_url": "https://login.example.com/#{token}",
    }
    async with opened(sqlite_demo.copy(), notifier=mail_only) as gateway:
        before = await contents(gateway, gateway.members[MEMBER])
        payload = await ask(gateway, SMS)
        assert refused(payload) == [("SOURCE_UNAVAILABLE", "customerId")]
        assert grown(before, await contents(gateway, gateway.members[MEMBER])) | {"audit_heads": 0} == REFUSED
        assert refused(await ask(gateway, MAIL)) == []
