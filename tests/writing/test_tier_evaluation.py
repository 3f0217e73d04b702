"""Tiers reckoned anew by what a purchase or a return changes, inside its transaction; what is counted is stored by day."""

import datetime as dt
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
from sqlalchemy import select

from datasources.ids import CustomerId
from datasources.program import ProgramSettings, Tier
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.tables.points import point_entries
from datasources.sql.tables.tiers import tier_days
from datasources.sql.tier_evaluation import TierEvaluation
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.tiers import Qualifying, TierChangeRow
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write
from tests.harness import Gateway
from tests.writing.laws import broken
from tests.writing.tables import contents, found, grown
from tests.writing.tiers import adjust, adjustment, broken_ladder, current, put_on

MEMBER = "CJ-000025"
DAY = dt.timedelta(days=1)
PLATINUM = 4_000_00


class Purchases(SqlWriter):
    """Writes of which nothing is stored but what they count toward tiers."""

    domain: ClassVar[Domain] = Domain.TRANSACTIONS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._tiers = TierEvaluation(database)

    async def count(self, write: Write, customer: CustomerId, qualifying: Qualifying) -> tuple[TierChangeRow, ...]:
        """A purchase, or a return where it is negative."""
        evaluated = self._tiers.purchased if qualifying.spend_hundredths > 0 else self._tiers.returned

        def work(unit: Unit) -> Statements[tuple[TierChangeRow, ...]]:
            changes: tuple[TierChangeRow, ...] = yield from evaluated(unit, qualifying)
            unit.audit("Counted")
            return changes

        return (await self.carry_out(write, customer, (), work)).shown or ()


async def count(
    gateway: Gateway, spend: int, *, at: dt.datetime | None = None, program: ProgramSettings | None = None
) -> tuple[TierChangeRow, ...]:
    """Have a purchase counted, or a return, in cents; now unless told otherwise."""
    writer = Purchases(gateway.runtime.databases["main"])
    settings = (await gateway.runtime.program()).settings
    write = Write(
        operation="transactionIngest",
        actor=ActorRef(ActorKind.SERVICE, "pos"),
        fingerprint="",
        program=program or settings,
        now=gateway.now,
        correlation_id="test",
        key=uuid4().hex,
    )
    customer = CustomerId(gateway.members[MEMBER])
    return await writer.count(write, customer, Qualifying(at or gateway.now, spend_hundredths=spend))


def told(changes: tuple[TierChangeRow, ...]) -> list[tuple[str | None, str, str, str]]:
    return [(one.from_key, one.to_key, one.direction.value, one.reason.value) for one in changes]


async def counted(gateway: Gateway) -> int:
    """What counts within the trailing year."""
    statement = select(tier_days).where(tier_days.c.customer_id == gateway.members[MEMBER])
    (rows,) = await found(gateway, statement)
    since = gateway.now.date().replace(year=gateway.now.year - 1)
    return sum(int(row["amount_minor"]) for row in rows if row["day"] > since)


async def fallen_to_base(gateway: Gateway) -> None:
    """Have nothing count and the lowest tier held."""
    if held := await counted(gateway):
        await count(gateway, -held)
    await put_on(gateway, MEMBER, "base")


async def granted(gateway: Gateway) -> list[tuple[int, str]]:
    """What entered tiers granted, in the order of the ledger."""
    statement = select(point_entries).where(
        point_entries.c.customer_id == gateway.members[MEMBER], point_entries.c.reference_type == "TIER_ENTRY"
    )
    (rows,) = await found(gateway, statement.order_by(point_entries.c.sequence))
    return [(row["modification"], row["description"]) for row in rows]


async def test_a_purchase_lifts_the_customer_once_enough_counts(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    assert told(await count(gateway, 499_99)) == []
    earlier, before = await granted(gateway), await contents(gateway, gateway.members[MEMBER])
    (change,) = await count(gateway, 1)
    assert told((change,)) == [("base", "silver", "UP", "QUALIFIED")]
    assert (change.actor_kind, change.actor_id, change.note) == ("SYSTEM", "tiers", None)
    assert (await granted(gateway))[len(earlier) :] == [(50, "Entered Silver")]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == {
        "tier_days": 0,
        "customer_tiers": 0,
        "tier_changes": 1,
        "point_entries": 1,
        "point_lots": 1,
        "point_accounts": 0,
        "point_days": 0 if earlier else 1,
        "events": 2,
        "event_keys": 2,
        "idempotency_keys": 1,
        "audit_entries": 1,
        "audit_heads": 0,
    }
    assert await broken_ladder(gateway, MEMBER) == []
    assert await broken(gateway, gateway.members[MEMBER]) == []


async def test_what_was_bought_before_the_window_lifts_nobody(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    assert told(await count(gateway, PLATINUM, at=gateway.now - 366 * DAY)) == []
    assert told(await count(gateway, PLATINUM, at=gateway.now - 364 * DAY)) == [("base", "platinum", "UP", "QUALIFIED")]


async def test_a_return_lowers_the_customer_and_grants_nothing(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    await count(gateway, 1_600_00)
    assert (await current(gateway, MEMBER))["tier_key"] == "gold"
    earlier = await granted(gateway)
    assert told(await count(gateway, -100_00)) == []
    assert told(await count(gateway, -1)) == [("gold", "silver", "DOWN", "RETURN")]
    assert told(await count(gateway, -1_499_99)) == [("silver", "base", "DOWN", "RETURN")]
    assert await granted(gateway) == earlier
    assert await broken_ladder(gateway, MEMBER) == []


async def test_nothing_falls_below_what_staff_protected(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    until = gateway.now + DAY
    await adjust(gateway, adjustment(gateway, MEMBER, "silver", protectUntil=until.isoformat()))
    assert told(await count(gateway, PLATINUM)) == [("silver", "platinum", "UP", "QUALIFIED")]
    assert told(await count(gateway, -PLATINUM)) == [("platinum", "silver", "DOWN", "RETURN")]
    assert told(await count(gateway, -1)) == []
    held = await current(gateway, MEMBER)
    assert (held["protected_key"], held["protected_until"]) == ("silver", until)
    await put_on(gateway, MEMBER, "silver")
    assert told(await count(gateway, -1)) == [("silver", "base", "DOWN", "RETURN")]


async def test_a_purchase_is_not_refused_because_an_outcome_cant_be_had(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    settings = (await gateway.runtime.program()).settings
    full = msgspec.structs.replace(settings, point_accounts=tuple(map(_full, settings.point_accounts)))
    before = await contents(gateway, gateway.members[MEMBER])
    changes = await count(gateway, PLATINUM, program=full)
    assert told(changes) == [("base", "platinum", "UP", "QUALIFIED")]
    after = await contents(gateway, gateway.members[MEMBER])
    assert {name: size for name, size in grown(before, after).items() if name.startswith("point")} == {}
    known = {row["id"] for row in before["events"]}
    (event,) = (row for row in after["events"] if row["id"] not in known)
    assert (event["type"], event["facts"]["outcomes_withheld"], event["reference_id"]) == (
        "tier_promoted",
        1,
        changes[0].id,
    )


def _full(account: Any) -> Any:
    """The account as one that holds nothing."""
    return msgspec.structs.replace(account, max_balance=0)


async def test_a_customer_without_a_tier_enters_the_first_one_by_a_purchase(gateway: Gateway) -> None:
    await fallen_to_base(gateway)
    settings = (await gateway.runtime.program()).settings
    (journey,) = settings.tier_systems
    club = msgspec.structs.replace(
        journey, key="club", tiers=(Tier("friend", "Friend", 1, 100_00), Tier("patron", "Patron", 2, 200_00))
    )
    two = msgspec.structs.replace(settings, tier_systems=(journey, club))
    assert told(await count(gateway, 99_99, program=two)) == []
    assert told(await count(gateway, 1, program=two)) == [(None, "friend", "UP", "QUALIFIED")]
    assert told(await count(gateway, 400_00, program=two)) == [
        ("base", "silver", "UP", "QUALIFIED"),
        ("friend", "patron", "UP", "QUALIFIED"),
    ]
    assert told(await count(gateway, -500_00, program=two)) == [
        ("silver", "base", "DOWN", "RETURN"),
        ("patron", "friend", "DOWN", "RETURN"),
    ]
