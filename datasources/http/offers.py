"""Offers that another system keeps, changed there."""

from collections.abc import Callable
from typing import Any

import msgspec

from datasources.audit import AuditChange, in_words
from datasources.http.ids import text_of
from datasources.http.writing import Doing, HttpWriter, Rows
from datasources.ids import OwnedId
from datasources.offer_moves import changes_of
from datasources.offers import (
    GRANTING,
    CustomerOfferRow,
    OfferDates,
    OfferFields,
    OfferIssue,
    OfferReinstate,
    OfferRevoke,
)
from datasources.recording import Happened
from datasources.surroundings import Record, Standing
from datasources.writing import Write, Written

TOLD = {"offerIssue": "issued", "offerActivate": "activated", "offerRedeem": "redeemed", "offerRevoke": "revoked"}
"""What the event stream calls a mutation, of those that it tells."""


class HttpOfferWrites(HttpWriter):
    """Serves `datasources.offers.OfferWriter`."""

    async def issue(self, write: Write, asked: OfferIssue) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        values = {"offer_id": text_of(asked.offer_id)}
        doing = Doing(asked.customer_id, (), values, show=_shown, tell=_teller(write), standing=Standing(grants=True))
        return await self.carry_out(write, doing)

    async def activate(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._changed(write, customer_offer)

    async def redeem(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._changed(write, customer_offer)

    async def reinstate(self, write: Write, asked: OfferReinstate) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._changed(write, asked.customer_offer_id, extend_to=asked.extend_to)

    async def revoke(self, write: Write, asked: OfferRevoke) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._changed(write, asked.customer_offer_id, exclude=asked.exclude)

    async def remove(self, write: Write, customer_offer: OwnedId) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        return await self._changed(write, customer_offer)

    async def change_dates(self, write: Write, asked: OfferDates) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        begins = {} if asked.redeemable_from is msgspec.UNSET else {"redeemable_from": asked.redeemable_from}
        return await self._changed(write, asked.customer_offer_id, redeemable_until=asked.redeemable_until, **begins)

    async def update_fields(self, write: Write, asked: OfferFields) -> Written[CustomerOfferRow]:
        """See OfferWriter."""
        fields = [{"key": field.key, "value": field.value} for field in asked.fields]
        return await self._changed(write, asked.customer_offer_id, fields=fields)

    async def _changed(self, write: Write, customer_offer: OwnedId, **values: Any) -> Written[CustomerOfferRow]:
        customer, id_ = customer_offer
        standing = Standing(write.operation in GRANTING)
        own = {"id": text_of(id_), **values}
        doing = Doing(customer, (customer_offer,), own, show=_shown, tell=_teller(write), standing=standing)
        return await self.carry_out(write, doing)


def _shown(rows: Rows) -> CustomerOfferRow:
    row: CustomerOfferRow = rows[0]
    return row


def _teller(write: Write) -> Callable[[Rows, Rows], Record]:
    """Says what became of the offer."""

    def tell(before: Rows, after: Rows) -> Record:
        row: CustomerOfferRow = after[0]
        issued = AuditChange(f"customerOffers.{row.id}.state", None, row.state.value)
        changes = changes_of(before[0], row) if before else (issued,)
        action = TOLD.get(write.operation)
        facts = {"offer_name": row.offer_name, "action": action}
        happened = () if action is None else (Happened(f"offer_{action}", facts, row.id, row.redeemed_at),)
        return Record(in_words(write.operation), changes, happened)

    return tell
