"""Promo codes in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.promo_codes import LockoutRow, PromoCodeErrorRow, PromoCodeLimiterRow, PromoCodeRow
from datasources.registry import Domain
from datasources.sql.filters import among
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
)

CODE = Rows(PromoCodeRow, customer_promo_codes)
CODES = Paged(CODE, order=("at", "id"), filters={"state": among(customer_promo_codes.c.state)})
CODES_BY_ID = Keyed(CODE)

ERROR = Rows(PromoCodeErrorRow, promo_code_errors)
ERRORS = Paged(ERROR, order=("at", "id"))
ERRORS_BY_ID = Keyed(ERROR)

LIMITER = Rows(PromoCodeLimiterRow, promo_code_limiters)
LIMITERS = Paged(LIMITER, order=("triggered_at", "id"))
LIMITERS_BY_ID = Keyed(LIMITER)

LOCKOUTS = Keyed(Rows(LockoutRow, promo_code_lockouts), key=("customer_id",))


class SqlPromoCodes(SqlReader):
    """Serves `datasources.promo_codes.PromoCodeReader`."""

    domain: ClassVar[Domain] = Domain.PROMO_CODES

    async def codes(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeRow]]:
        """See PromoCodeReader."""
        return await CODES.of_each(self._database, customers, page)

    async def errors(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeErrorRow]]:
        """See PromoCodeReader."""
        return await ERRORS.of_each(self._database, customers, page)

    async def limiters(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[PromoCodeLimiterRow]]:
        """See PromoCodeReader."""
        return await LIMITERS.of_each(self._database, customers, page)

    async def lockouts(self, customers: Sequence[CustomerId]) -> Sequence[LockoutRow | None]:
        """See PromoCodeReader."""
        return await LOCKOUTS.one_each(self._database, customers)

    async def codes_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeRow | None]:
        """See PromoCodeReader."""
        return await CODES_BY_ID.one_each(self._database, keys)

    async def errors_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeErrorRow | None]:
        """See PromoCodeReader."""
        return await ERRORS_BY_ID.one_each(self._database, keys)

    async def limiters_by_id(self, keys: Sequence[OwnedId]) -> Sequence[PromoCodeLimiterRow | None]:
        """See PromoCodeReader."""
        return await LIMITERS_BY_ID.one_each(self._database, keys)
