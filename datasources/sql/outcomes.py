"""Outcomes awarded inside the transaction of what they are granted for."""

from collections.abc import Sequence

import msgspec

from datasources.ids import EntityId
from datasources.outcomes import Outcome
from datasources.sql.engine import Database, Statements
from datasources.sql.offer_wallet import OfferWallet
from datasources.sql.point_grants import Grant, PointGrants
from datasources.sql.unit_of_work import Unit


class Cause(msgspec.Struct, frozen=True):
    """What outcomes are granted for, as the ledger's entries name it."""

    reference_type: str
    reference_id: str
    description: str


class Outcomes:
    """Awards what rules of the program name."""

    def __init__(self, database: Database) -> None:
        self._points = PointGrants(database)
        self._wallet = OfferWallet(database)

    def award(self, unit: Unit, outcomes: Sequence[Outcome], cause: Cause) -> Statements[None]:
        """Grant points in turn, then issue offers. Whether the customer may be granted anything is checked before.

        Raises Refusal, also where one of the offers can't be issued to the customer.
        """
        for outcome in outcomes:
            if outcome.points is not None and outcome.account_key is not None and outcome.source_key is not None:
                grant = Grant(
                    account_key=outcome.account_key,
                    source_key=outcome.source_key,
                    points=outcome.points,
                    reference_type=cause.reference_type,
                    reference_id=cause.reference_id,
                    description=cause.description,
                )
                yield from self._points.grant(unit, grant)
        # In one order for all, since customers share the inventory of an offer, which stays locked until the end.
        for offer_id in sorted(outcome.offer_id for outcome in outcomes if outcome.offer_id is not None):
            yield from self._wallet.issue(unit, EntityId(offer_id))
