"""Offers written in SQL: issued, moved through their states, and described for other systems."""

from collections.abc import Callable
from typing import ClassVar

from datasources.audit import AuditChange
from datasources.ids import EntityId, OwnedId
from datasources.offer_moves import (
    activated,
    changes_of,
    check_open,
    redeemed,
    reinstated,
    removed,
    revoked,
    with_dates,
    with_fields,
)
from datasources.offers import (
    GRANTING,
    CustomerOfferRow,
    CustomerOfferState,
    OfferDates,
    OfferFields,
    OfferIssue,
    OfferReinstate,
    OfferRevoke,
)
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.offer_wallet import OfferWallet
from datasources.sql.unit_of_work import SqlWriter, Unit
from datasources.writing import Write, Written

Rule = Callable[[CustomerOfferRow], CustomerOfferRow]
"""What a mutation makes of an offer. Raises Refusal."""

TOLD = {
    CustomerOfferState.ACTIVATED: "activated",
    CustomerOfferState.REDEEMED: "redeemed",
    CustomerOfferState.REVOKED: "revoked",
}
"""What the event stream calls it when an offer comes into a state."""


class SqlOfferWrites(SqlWriter):
    """Serves `datasources.offers.OfferWriter`."""

    domain: ClassVar[Domain] = Domain.OFFERS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._wallet = OfferWallet(database)

    async def issue(self, write: Write, asked: OfferIssue) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self.carry_out(
            write, asked.customer_id, ("customer_offer",), lambda unit: self._issued(unit, asked.offer_id)
        )

    async def activate(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(write, customer_offer, lambda row: activated(row, write.now))

    async def redeem(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(write, customer_offer, lambda row: redeemed(row, write.now))

    async def reinstate(self, write: Write, asked: OfferReinstate) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(
            write, asked.customer_offer_id, lambda row: reinstated(row, asked.extend_to, write.now)
        )

    async def revoke(self, write: Write, asked: OfferRevoke) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(
            write, asked.customer_offer_id, lambda row: revoked(row, write.now, exclude=asked.exclude)
        )

    async def remove(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(write, customer_offer, removed)

    async def change_dates(self, write: Write, asked: OfferDates) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(write, asked.customer_offer_id, lambda row: with_dates(row, asked, write.now))

    async def update_fields(self, write: Write, asked: OfferFields) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._carry_out(write, asked.customer_offer_id, lambda row: with_fields(row, asked.fields))

    async def _carry_out(self, write: Write, customer_offer: OwnedId, rule: Rule) -> Written[CustomerOfferRow]:
        customer, id_ = customer_offer
        return await self.carry_out(write, customer, (), lambda unit: self._changed(unit, id_, rule))

    def _issued(self, unit: Unit, offer_id: EntityId) -> Statements[CustomerOfferRow]:
        unit.check_standing(grants=True)
        row = yield from self._wallet.issue(unit, offer_id, "offerId", id=EntityId(unit.ids["customer_offer"]))
        unit.audit("Offer issued", (AuditChange(f"customerOffers.{row.id}.state", None, row.state.value),))
        return row

    def _changed(self, unit: Unit, id_: EntityId, rule: Rule) -> Statements[CustomerOfferRow]:
        """The offer after the mutation that the write is of, which the state tables know by its name."""
        action, now = unit.write.operation, unit.write.now
        unit.check_standing(grants=action in GRANTING)
        before = yield from self._wallet.held(unit, id_, now)
        check_open(before, action, now)
        after = rule(before)
        if after.state is CustomerOfferState.REVOKED:
            after = yield from self._wallet.restock(unit, after)
        moved = after.state is not before.state
        self._wallet.move(unit, before, after, TOLD.get(after.state) if moved else None)
        unit.audit(SUMMARIES[action], changes_of(before, after))
        return after


SUMMARIES = {
    "offerActivate": "Offer activated",
    "offerRedeem": "Offer redeemed",
    "offerReinstate": "Offer reinstated",
    "offerRevoke": "Offer revoked",
    "offerRemove": "Offer removed",
    "offerRedemptionDatesChange": "Redemption dates changed",
    "offerFlexFieldsUpdate": "Flex fields updated",
}
"""What the audit log says of each mutation."""
