"""Anything by its global id: through the same readers, scopes and reach as any other path."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from permissions.model import AccessDenied, RequiredScopes
from resolvers import profiles
from resolvers.context import Context

Find = Callable[..., Awaitable[object | None]]


async def found(
    context: Context, key: tuple[UUID, ...], *, owned: bool, requires: RequiredScopes, find: Find
) -> object | None:
    """The row of the key; None where it, or the customer it belongs to, does not exist for the caller.

    Raises AccessDenied where the type's scopes are missing, before anything is read.
    """
    if not context.principal.holds(requires):
        raise AccessDenied(requires)
    if owned and await profiles.customer(context, key[0]) is None:
        return None
    return await find(context, *key)
