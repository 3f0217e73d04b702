"""Tags of a customer, the names to choose from when adding one, and what changes them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from datasources.errors import InvalidRequest
from datasources.folding import fold
from datasources.ids import CustomerId, EntityId
from datasources.paging import PageRequest
from datasources.tags import (
    CustomerTagRow,
    TagChangeRow,
    Tagging,
    TagShown,
    applied_to,
    definition_of,
    is_new_name,
)
from datasources.writing import Reason
from permissions.model import ReachKind, Scope
from resolvers.command import Command, Payload, carried_out, deny
from resolvers.context import Context
from resolvers.customer_lists import Asked, CustomerList

CREATE = Scope("tags:create")

SUGGESTED = 10
MOST_SUGGESTED = 200


@CustomerList
def tags(context: Context, page: PageRequest) -> Asked[CustomerTagRow]:
    """The customer's tags, top tags first (G13)."""
    return context.sources.tags.tags, page


@CustomerList
def history(context: Context, page: PageRequest) -> Asked[TagChangeRow]:
    """The log of what happened to the customer's tags, newest first (J8)."""
    return context.sources.tags.history, page


async def change(context: Context, customer: UUID, id: UUID) -> TagChangeRow | None:
    """Something that happened to a tag, by its id."""
    return await context.load(context.sources.tags.changes, (CustomerId(customer), EntityId(id)))


def cap(tag: CustomerTagRow, context: Context) -> int | None:
    """How often the program lets the tag be applied; None without a limit (J5)."""
    return definition_of(context.settings, tag.key).cap


async def suggestions(_root: object, context: Context, prefix: str, first: int | None = SUGGESTED) -> Sequence[str]:
    """Keys of the program's tags and of those in use that begin so, whatever case and accents; in the alphabet's order.

    Who can't reach every customer is told the program's tags alone. Raises InvalidRequest.
    """
    size = SUGGESTED if first is None else first
    if not 1 <= size <= MOST_SUGGESTED:
        raise InvalidRequest(f"`first` is a number from 1 to {MOST_SUGGESTED}.", "first")
    wanted = fold(prefix)
    known = {tag.key for tag in context.settings.tags if fold(tag.key).startswith(wanted)}
    if context.principal.reach.kind is ReachKind.ALL:
        known.update(await context.load(context.sources.tags.in_use, wanted))
    return sorted(known, key=lambda key: (fold(key), key))[:size]


class TagInput(msgspec.Struct, frozen=True):
    """Something that is done to a tag as it is asked for."""

    customer_id: CustomerId
    key: str
    value: str | None = None
    idempotency_key: str | None = None
    dry_run: bool | None = False
    reason: Reason | None = None


class TagPayload(Payload[TagShown], frozen=True):
    """What came of a write of tags."""

    asked: TagInput


async def add(command: Command[TagInput]) -> TagPayload:
    """Apply a tag (J4, J6). Raises AccessDenied for a new name where the caller may not create names."""
    context = command.context
    if is_new_name(context.settings, command.asked.key) and not context.holds(CREATE):
        await deny(command, context.sources.writers.tags)
        context.require(CREATE)
    return await _written(command, context.sources.writers.tags.add)


async def reset(command: Command[TagInput]) -> TagPayload:
    """Set the count of a tag that has a cap back to 0 (J5)."""
    return await _written(command, command.context.sources.writers.tags.reset)


async def remove(command: Command[TagInput]) -> TagPayload:
    """Take a tag off (J15)."""
    return await _written(command, command.context.sources.writers.tags.remove)


async def _written(command: Command[TagInput], method: Any) -> TagPayload:
    asked = command.asked
    return TagPayload(*await carried_out(command, method, Tagging(asked.customer_id, asked.key, asked.value)), asked)


async def written_tag(payload: TagPayload, context: Context) -> CustomerTagRow | None:
    """The tag as it is now, as it would be after a dry run; None once it is taken off."""
    shown, asked = payload.written.shown, payload.asked
    if shown is not None or not payload.replayed:
        return None if shown is None else shown.tag
    held = await context.load(context.sources.tags.held, (asked.customer_id, asked.key))
    by_value = {tag.value_key: tag for tag in held}
    several = definition_of(context.settings, asked.key).is_multi_value
    place = applied_to(tuple(by_value), asked.value, several=several)
    return None if place is None else by_value[place]
