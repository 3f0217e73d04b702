"""Whom ingested messages are about."""

from collections.abc import Sequence

from datasources.ids import CustomerId
from datasources.matching import CustomerMatch, name_of
from resolvers.context import Context
from resolvers.profiles import within


async def customers_of(context: Context, matches: Sequence[CustomerMatch]) -> list[CustomerId | None]:
    """The customer of each match, in the order given, by one call to the source; None for the unknown and for those whom
    the caller can't reach."""
    reach = within(context.principal)
    if reach is None:
        return [None] * len(matches)
    names = [name_of(match, context.settings.region) for match in matches]
    return await context.load_many(context.sources.profiles.named, names, reach)
