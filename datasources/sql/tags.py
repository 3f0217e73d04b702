"""Tags in SQL."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Select, func, select

from datasources.folding import fold
from datasources.ids import CustomerId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.sql.engine import Database, Prepared
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Paged, Rows
from datasources.sql.tables.tags import customer_tags, tag_changes
from datasources.tags import CustomerTagRow, TagChangeRow

TAG = Rows(CustomerTagRow, customer_tags)
TAGS = Paged(TAG, order=("count", "last_applied_at", "key", "value_key"), unique=("key", "value_key"))
HELD = Keyed(
    TAG, key=("customer_id", "key"), sorted_by=(customer_tags.c.last_applied_at.desc(), customer_tags.c.value_key)
)

CHANGE = Rows(TagChangeRow, tag_changes)
HISTORY = Paged(CHANGE, order=("at", "id"))
CHANGES = Keyed(CHANGE)


def _keys_in_use() -> Select[Any]:
    """From each key to the next by the index: DISTINCT would read the tags of all customers."""
    found = select(func.min(customer_tags.c.key).label("key")).cte("found", recursive=True)
    following = select(func.min(customer_tags.c.key)).where(customer_tags.c.key > found.c.key).correlate(found)
    found = found.union_all(select(following.scalar_subquery()).where(found.c.key.is_not(None)))
    return select(found.c.key).where(found.c.key.is_not(None)).order_by(found.c.key)


class SqlTags(SqlReader):
    """Serves `datasources.tags.TagReader`."""

    domain: ClassVar[Domain] = Domain.TAGS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._keys_in_use: Prepared[str] = Prepared(_keys_in_use(), str, database.dialect)

    async def tags(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[CustomerTagRow]]:
        """See TagReader."""
        return await TAGS.of_each(self._database, customers, page)

    async def held(self, keys: Sequence[tuple[CustomerId, str]]) -> Sequence[Sequence[CustomerTagRow]]:
        """See TagReader."""
        return await HELD.all_each(self._database, keys)

    async def history(self, customers: Sequence[CustomerId], page: PageRequest) -> Sequence[Page[TagChangeRow]]:
        """See TagReader."""
        return await HISTORY.of_each(self._database, customers, page)

    async def changes(self, keys: Sequence[OwnedId]) -> Sequence[TagChangeRow | None]:
        """See TagReader."""
        return await CHANGES.one_each(self._database, keys)

    async def in_use(self, prefixes: Sequence[str]) -> Sequence[Sequence[str]]:
        """See TagReader."""
        keys = [key for (key,) in await self._database.fetch(self._keys_in_use, {})]
        folded = [(fold(key), key) for key in keys]
        return [[key for name, key in folded if name.startswith(prefix)] for prefix in prefixes]
