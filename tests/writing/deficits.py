"""Returns that take back more than is left, before there is a purchase to return: how an account comes to owe points."""

from uuid import UUID

from datasources.ledger import taken
from datasources.points import PointEntryKind
from datasources.sql.engine import Statements
from datasources.sql.point_ledger import PointLedger, Posting, post
from datasources.sql.point_writes import SqlPointWrites
from datasources.sql.unit_of_work import Unit
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write
from tests.harness import Gateway

OWING = "tier_points"
"""The demo's account that may fall below zero."""


async def take_back(gateway: Gateway, support_id: str, points: int, *, owes: bool = True) -> UUID:
    """A RETURN entry of that many points, whatever the account holds, which `owes` what no lot covers; its id."""
    database = gateway.runtime.databases["main"]
    ledger = PointLedger(database)
    program = await gateway.runtime.program()
    write = Write("transactionReturn", ActorRef(ActorKind.SERVICE, "pos"), "", program.settings, gateway.now, "test")

    def work(unit: Unit) -> Statements[None]:
        unit.check_standing(grants=False)
        held = yield from ledger.account(unit, OWING)
        lots = yield from ledger.lots(unit, OWING, points)
        there = min(points, sum(lot.remaining for lot in lots))
        returned = Posting(
            id=unit.ids["entry"],
            account_key=OWING,
            kind=PointEntryKind.RETURN,
            source_key="return",
            modification=-points,
            reference_type="return",
            description="Returned",
            parts=taken(lots, there),
            uncovered=points - there if owes else 0,
        )
        post(unit, held, returned)
        unit.audit(f"{-points:+d} points")

    done = await SqlPointWrites(database).carry_out(write, gateway.members[support_id], ("entry",), work)  # type: ignore[arg-type]  # a NewType
    return done.ids["entry"]
