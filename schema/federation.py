"""This graph as a part of a federated one: what it is made of, and its entities as other graphs name them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from datasources.errors import InvalidRequest
from datasources.profiles import CustomerRow
from resolvers import profiles
from resolvers.context import Context
from schema.customer import Customer
from schema.fields import MOST_KEYS, argument, lookup
from schema.ids import parse_id, parse_uuid
from schema.scalars import Representation
from schema.views import view

READ: Mapping[str, Callable[[str, str], UUID]] = {
    "id": lambda text, at: parse_id(text, at, "Customer")[1][0],
    "uuid": parse_uuid,
}
"""The keys of a customer, and how each is read: (text, where it stands) → the customer's id. They raise InvalidRequest."""


def customer_id(representation: Representation, at: str) -> UUID:
    """The id of the customer that a representation names. Raises InvalidRequest."""
    given = representation.given
    if not isinstance(given, dict) or given.get("__typename") != "Customer":
        raise InvalidRequest("A representation is an object whose `__typename` is an entity's: Customer.", at)
    keys = {name: value for name in READ if (value := given.get(name)) is not None}
    for name, value in keys.items():
        if not isinstance(value, str):
            raise InvalidRequest(f"`{name}` is a text.", f"{at}.{name}")
    named = {READ[name](value, f"{at}.{name}") for name, value in keys.items()}
    if len(named) != 1:
        raise InvalidRequest("A customer is named by `id`, by `uuid`, or by both of the same customer.", at)
    return named.pop()


def entity(
    context: Context, representation: Representation, at: str
) -> Awaitable[CustomerRow | None] | InvalidRequest | None:
    """What a representation names, yet to be loaded; None where the caller reaches nobody; or what is wrong with it."""
    try:
        return profiles.loading(context, customer_id(representation, at))
    except InvalidRequest as error:
        return error


async def entities(_root: object, context: Context, representations: Sequence[Representation]) -> list[Any]:
    """What each representation names, in their order: awaited in its place, where what is wrong with one is told as well.

    Raises InvalidRequest for too many of them.
    """
    if len(representations) > MOST_KEYS:
        raise InvalidRequest(f"At most {MOST_KEYS} representations at once.", "representations")
    return [entity(context, one, f"representations.{index}") for index, one in enumerate(representations)]


class Subgraph(msgspec.Struct, frozen=True):
    """This graph, for whoever composes it with others."""

    sdl: str


async def subgraph(_root: object, _context: Context) -> Subgraph:
    """This graph; a thread writes it the first time, which takes a third of a second."""
    from schema import build  # noqa: PLC0415  # it puts together what this is a part of

    return Subgraph(await asyncio.to_thread(build.subgraph))


@view(Subgraph, name="_Service", requires="ops:read")
class Service:
    """This graph, for whoever composes it with others (as in Apollo Federation)."""

    sdl: str
    """The schema that is composed: all of it, whatever the caller's scopes."""


Entity = Annotated[
    Customer, strawberry.union("_Entity", description="What other graphs name by its key (as in Apollo Federation).")
]


class FederationQueries:
    """What a federated graph asks of its parts."""

    entities = lookup(
        list[Entity | None],
        entities,
        argument("representations", list[Representation], f"What to find, at most {MOST_KEYS}."),
        requires="customers:read",
        sized_by="representations",
        graphql_name="_entities",
    )
    """Entities by their keys, in their order; null where there is no such customer, or none that you can reach."""
    service = lookup(Service, subgraph, graphql_name="_service")
    """The schema that a federated graph is composed of."""
