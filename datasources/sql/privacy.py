"""Privacy requests in SQL."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import exists, tuple_

from datasources.ids import CustomerId
from datasources.paging import Page, PageRequest
from datasources.privacy import PrivacyRequestRow, PrivacyRequestState
from datasources.profiles import Within
from datasources.registry import Domain
from datasources.sql.filters import among, within
from datasources.sql.reach import reach_of
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.privacy import privacy_requests

REQUEST = Rows(PrivacyRequestRow, privacy_requests)
ORDER = ("submitted_at", "id")
REACH = reach_of(privacy_requests.c.customer_id)

OF_CUSTOMERS = Paged(REQUEST, order=ORDER)
HISTORY = Paged(
    REQUEST,
    order=ORDER,
    owner=None,
    filters=REACH
    | {
        "types": among(privacy_requests.c.type),
        "states": among(privacy_requests.c.state),
        "submitted_at": within(privacy_requests.c.submitted_at),
    },
)
REQUESTS = Keyed(REQUEST, key=("id",), filters=REACH)

newer = privacy_requests.alias("newer")
STANDING = privacy_requests.c.state != PrivacyRequestState.CANCELLED.value
OUTDATED = exists().where(
    newer.c.customer_id == privacy_requests.c.customer_id,
    newer.c.type == privacy_requests.c.type,
    newer.c.state != PrivacyRequestState.CANCELLED.value,
    tuple_(newer.c.submitted_at, newer.c.id) > tuple_(privacy_requests.c.submitted_at, privacy_requests.c.id),
)
NEWEST = Keyed(REQUEST, key=("customer_id",), where=(STANDING, ~OUTDATED), sorted_by=(privacy_requests.c.type,))


class SqlPrivacy(SqlReader):
    """Serves `datasources.privacy.PrivacyReader`."""

    domain: ClassVar[Domain] = Domain.PRIVACY

    async def of_customers(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[PrivacyRequestRow]]:
        """See PrivacyReader."""
        return await OF_CUSTOMERS.of_each(self._database, customers, page)

    async def newest(self, customers: Sequence[CustomerId]) -> Sequence[Sequence[PrivacyRequestRow]]:
        """See PrivacyReader."""
        return await NEWEST.all_each(self._database, customers)

    async def requests(self, ids: Sequence[UUID], within: Within) -> Sequence[PrivacyRequestRow | None]:
        """See PrivacyReader."""
        return await REQUESTS.one_each(self._database, ids, within)

    async def history(self, page: PageRequest, within: Within) -> Page[PrivacyRequestRow]:
        """See PrivacyReader."""
        return await HISTORY.of_all(self._database, page, within)
