"""What other domains do with offers in their own transaction: outcomes that issue them, purchases that redeem them."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

import pytest

from datasources.ids import CustomerId, EntityId
from datasources.offers import CustomerOfferRow, CustomerOfferState
from datasources.outcomes import Outcome
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.offer_wallet import OfferWallet, Redemption
from datasources.sql.outcomes import Cause, Outcomes
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.values import ActorKind, ActorRef
from datasources.writing import Refusal, Write
from schema.ids import parse_id
from tests.harness import Gateway
from tests.writing.offer_laws import broken
from tests.writing.offering import REDEEM, brought, catalogue, done, expire, held, issued
from tests.writing.tables import around, contents, grown

MEMBER = "CJ-000018"
CAUSE = Cause("CAMPAIGN", "ten-visits", "Ten visits")
POINTS = Outcome(points=25, account_key="points", source_key="promotion")
Work = Callable[[Unit], Statements[Any]]


class Working(SqlWriter):
    """Writes whatever a test has it do."""

    domain: ClassVar[Domain] = Domain.OFFERS


async def written(gateway: Gateway, work: Callable[[Database], Work]) -> Any:
    """What the work made for the member, in one transaction."""
    database = gateway.runtime.databases["main"]
    does = work(database)

    def told(unit: Unit) -> Statements[Any]:
        made = yield from does(unit)
        unit.audit("Done")
        return made

    write = Write(
        operation="campaignComplete",
        actor=ActorRef(ActorKind.SERVICE, "campaigns"),
        fingerprint="",
        program=(await gateway.runtime.program()).settings,
        now=gateway.now,
        correlation_id="test",
    )
    done = await Working(database).carry_out(write, CustomerId(gateway.members[MEMBER]), (), told)
    return done.shown


async def award(gateway: Gateway, outcomes: Sequence[Outcome]) -> None:
    """Award the outcomes to the member."""
    await written(gateway, lambda database: lambda unit: Outcomes(database).award(unit, outcomes, CAUSE))


async def redeem(gateway: Gateway, *customer_offers: str, at: dt.datetime | None = None) -> list[CustomerOfferRow]:
    """Redeem offers of the member with one purchase."""

    def work(database: Database) -> Work:
        wallet = OfferWallet(database)

        def redeemed(unit: Unit) -> Statements[list[CustomerOfferRow]]:
            rows = []
            for one in customer_offers:
                redemption = Redemption(own_id(one), at or gateway.now, "basket-9")
                rows.append((yield from wallet.redeem(unit, redemption, "discounts", "0", "customerOfferId")))
            return rows

        return redeemed

    rows: list[CustomerOfferRow] = await written(gateway, work)
    return rows


def own_id(customer_offer: str) -> EntityId:
    _, (_, own) = parse_id(customer_offer, "id", "CustomerOffer")
    return EntityId(own)


async def test_outcomes_grant_points_and_issue_offers_in_one_transaction(gateway: Gateway) -> None:
    known = await catalogue(gateway)
    offer_ids = [known["bonus-100"], known["flowers"]]
    before = await contents(gateway, gateway.members[MEMBER])
    await award(gateway, [*(Outcome(offer_id=one) for one in offer_ids), POINTS])
    after = await contents(gateway, gateway.members[MEMBER])
    counted = grown(before, after)
    assert {name: counted[name] for name in ("customer_offers", "customer_offer_changes", "point_entries")} == {
        "customer_offers": 2,
        "customer_offer_changes": 2,
        "point_entries": 1,
    }
    assert (counted["events"], counted["audit_entries"]) == (3, 1)
    assert sorted(made["offer_id"] for made in new(before, after)) == sorted(offer_ids)
    assert {(made["issued_by_kind"], made["issued_by_id"]) for made in new(before, after)} == {("SERVICE", "campaigns")}
    assert await broken(gateway, gateway.members[MEMBER]) == []


def new(before: Any, after: Any) -> list[Any]:
    """The offers that were not there before."""
    known = {row["id"] for row in before["customer_offers"]}
    return [row for row in after["customer_offers"] if row["id"] not in known]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (["bonus-100", "staff-only"], "OFFER_NOT_ISSUABLE"),
        # The second one counts the first, which is not committed yet.
        (["fuel-three-cents", "fuel-three-cents"], "OFFER_NOT_ISSUABLE"),
        (["bonus-100", None], "NOT_FOUND"),
    ],
    ids=["not issuable", "beyond the limit", "unknown"],
)
async def test_an_outcome_that_cant_be_granted_leaves_nothing_granted(
    gateway: Gateway, keys: list[str | None], code: str
) -> None:
    known, before = await catalogue(gateway), await around(gateway, gateway.members[MEMBER])
    offer_ids = [UUID(int=1) if key is None else known[key] for key in keys]
    with pytest.raises(Refusal) as refusal:
        await award(gateway, [POINTS, *(Outcome(offer_id=one) for one in offer_ids)])
    assert (refusal.value.code, refusal.value.path) == (UserErrorCode[code], ())
    assert await around(gateway, gateway.members[MEMBER]) == before


async def test_an_offer_is_redeemed_with_a_purchase_and_shown_with_it(gateway: Gateway) -> None:
    made = await issued(gateway, MEMBER)
    (row,) = await redeem(gateway, made)
    assert (row.state, row.redeemed_at, row.transaction_id) == (
        CustomerOfferState.REDEEMED,
        gateway.now,
        "basket-9",
    )
    shown = await held(gateway, made)
    assert (shown["state"], shown["transactionId"]) == ("REDEEMED", "basket-9")
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_an_offer_that_could_be_redeemed_when_the_purchase_was_made_still_can(gateway: Gateway) -> None:
    made = await issued(gateway, MEMBER)
    await expire(gateway, made)
    ended_at = gateway.now - dt.timedelta(seconds=1)
    (row,) = await redeem(gateway, made, at=ended_at)
    assert (row.state, row.redeemed_at) == (CustomerOfferState.REDEEMED, ended_at)
    events = (await contents(gateway, gateway.members[MEMBER]))["events"]
    told = [(one["type"], one["occurred_at"]) for one in events if one["reference_id"] == row.id]
    assert sorted(told) == [("offer_issued", gateway.now), ("offer_redeemed", ended_at)]
    assert await broken(gateway, gateway.members[MEMBER]) == []


@pytest.mark.parametrize("state", ["REDEEMED", "EXPIRED", "REVOKED", "REMOVED"])
async def test_an_offer_that_cant_be_redeemed_refuses_the_purchase(gateway: Gateway, state: str) -> None:
    made = await brought(gateway, MEMBER, state)
    usable, before = await issued(gateway, MEMBER), await around(gateway, gateway.members[MEMBER])
    with pytest.raises(Refusal) as refusal:
        await redeem(gateway, usable, made)
    assert refusal.value.code is UserErrorCode.INVALID_TRANSITION
    assert refusal.value.path == ("discounts", "0", "customerOfferId")
    assert await around(gateway, gateway.members[MEMBER]) == before
    assert (await done(gateway, REDEEM, {"customerOfferId": usable}))["userErrors"] == []


async def test_an_offer_pays_once_in_a_purchase(gateway: Gateway) -> None:
    made, before = await issued(gateway, MEMBER), await around(gateway, gateway.members[MEMBER])
    with pytest.raises(Refusal) as refusal:
        await redeem(gateway, made, made)
    assert refusal.value.code is UserErrorCode.INVALID_TRANSITION
    assert await around(gateway, gateway.members[MEMBER]) == before
