"""Offers that an engine keeps, changed through the gateway."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from datasources.http.ids import id_of
from schema.ids import global_id
from tests.demo import SqliteDemo
from tests.harness import Gateway, opened
from tests.upstreams.configs import wallet_section
from tests.upstreams.serving import Upstream, serving
from tests.upstreams.wallet import Wallet, wallet
from tests.upstreams.writing import recorded
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, do
from tests.writing.states import put

ANN, LATER = "CJ-000005", "2026-06-01T00:00:00Z"
SHOWN = f"customerOffer {{ id state redeemableUntil redeemedAt flexFields {{ key value }} offer {{ name }} }} {AUDITED}"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Upstream, Wallet]]:
    app, state = wallet()
    with serving(app) as upstream:
        yield upstream, state


@pytest.fixture
async def engine(served: tuple[Upstream, Wallet]) -> Wallet:
    upstream, state = served
    upstream.forget()
    state.forget()
    return state


@pytest.fixture
async def writing(sqlite_demo: SqliteDemo, served: tuple[Upstream, Wallet]) -> AsyncIterator[Gateway]:
    main = {"kind": "sql", "url": sqlite_demo.copy()}
    sources = {"main": main, "wallet": wallet_section(served[0].url)}
    async with opened("", sources=sources, domains={"default": "main", "offers": "wallet"}) as gateway:
        yield gateway


def held(gateway: Gateway) -> str:
    """The global id of the offer that Ann holds."""
    return global_id("CustomerOffer", gateway.members[ANN], id_of("5-tea"))


@pytest.mark.parametrize(
    ("mutation", "given", "sent", "state", "told"),
    [
        ("offerActivate", {}, {}, "ACTIVATED", "offer_activated"),
        ("offerRedeem", {}, {}, "REDEEMED", "offer_redeemed"),
        ("offerReinstate", {"extendTo": LATER}, {"until": LATER}, "ISSUED", None),
        ("offerRevoke", {"exclude": False}, {"bar": False}, "REVOKED", "offer_revoked"),
        ("offerRemove", {}, {}, "REMOVED", None),
        ("offerRedemptionDatesChange", {"redeemableUntil": LATER}, {"until": LATER}, "ISSUED", None),
        (
            "offerFlexFieldsUpdate",
            {"fields": [{"key": "till", "value": "7"}]},
            {"fields": [{"key": "till", "value": "7"}]},
            "ISSUED",
            None,
        ),
    ],
)
async def test_every_move_is_its_own_call_and_told_as_any_other(
    writing: Gateway,
    engine: Wallet,
    mutation: str,
    given: dict[str, Any],
    sent: dict[str, Any],
    state: str,
    told: str | None,
) -> None:
    reason = {"code": "goodwill"}
    asked = {"customerOfferId": held(writing), "idempotencyKey": uuid4().hex, "reason": reason, **given}
    before = await recorded(writing, writing.members[ANN])
    payload = await do(writing, mutation, asked, SHOWN)
    assert (payload["userErrors"], payload["customerOffer"]["state"]) == ([], state)
    assert payload["customerOffer"]["offer"] == {"name": "Tea"}
    assert engine.sent == [{"why": "goodwill", **sent}]
    after = await recorded(writing, writing.members[ANN])
    assert [entry["type"] for entry in after["audit"][len(before["audit"]) :]] == [mutation]
    happened = [event["type"] for event in after["events"] if event not in before["events"]]
    assert happened == ([] if told is None else [told])
    again = await do(writing, mutation, asked, SHOWN)
    assert again == {**payload, "replayed": True}
    assert len(engine.sent) == 1


async def test_an_offer_is_issued_under_the_id_that_the_engine_gives_it(writing: Gateway, engine: Wallet) -> None:
    asked = {
        "customerId": writing.customer_id(ANN),
        "offerId": global_id("Offer", id_of("cake")),
        "idempotencyKey": uuid4().hex,
    }
    payload = await do(writing, "offerIssue", asked, SHOWN)
    offer = payload["customerOffer"]
    assert offer == {
        "id": global_id("CustomerOffer", writing.members[ANN], id_of("5-cake")),
        "state": "ISSUED",
        "redeemableUntil": None,
        "redeemedAt": None,
        "flexFields": [],
        "offer": {"name": "Cake"},
    }
    assert payload["auditEntry"]["changes"] == [
        {"path": f"customerOffers.{id_of('5-cake')}.state", "before": None, "after": "ISSUED"}
    ]
    assert engine.sent == [{"offer": "cake", "by": "admin"}]
    assert await do(writing, "offerIssue", asked, SHOWN) == {**payload, "replayed": True}
    facts = [event["facts"] for event in (await recorded(writing, writing.members[ANN]))["events"]]
    assert {"offer_name": "Cake", "action": "issued"} in facts


@pytest.mark.parametrize(
    ("state", "mutation", "code"),
    [
        ({"membership": "BLOCKED"}, "offerRedeem", "CUSTOMER_BLOCKED"),
        ({"membership": "BLOCKED"}, "offerRevoke", None),
        ({"processing": "RESTRICTED"}, "offerActivate", "CUSTOMER_RESTRICTED"),
        ({"processing": "RESTRICTED"}, "offerRemove", None),
        ({"membership": "FORGOTTEN"}, "offerRemove", "CUSTOMER_GONE"),
    ],
)
async def test_what_grants_value_is_refused_where_the_customer_may_not_have_it(
    writing: Gateway, engine: Wallet, state: dict[str, str], mutation: str, code: str | None
) -> None:
    await put(writing, ANN, **state)
    payload = await do(writing, mutation, {"customerOfferId": held(writing)}, SHOWN)
    assert refused(payload) == ([] if code is None else [(code, "customerOfferId")])
    assert len(engine.sent) == (1 if code is None else 0)
