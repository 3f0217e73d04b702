"""A gateway within the benchmark's own process: its sources behind a layer, and plans that run over them."""

from collections.abc import Iterable

import msgspec

from datasources.layers import Layer, Layered
from datasources.registry import Domain
from datasources.rounds import Together
from gateway.execution import Asked
from gateway.plan.plan import Outcome
from gateway.sources import Runtime
from permissions.model import EVERYONE, Principal, ViewerKind
from permissions.roles import DEFAULT_ROLES
from resolvers.context import Context, Sources

ADMIN = Principal(
    ViewerKind.STAFF, "bench", None, ("admin",), DEFAULT_ROLES["admin"].scopes, EVERYONE, max_cost=1_000_000
)


def layered(runtime: Runtime, layer: Layer, domains: Iterable[Domain] = Domain) -> Sources:
    """The sources of the gateway with a layer around the readers of these domains, none of whose calls needs a task."""
    readers = {}
    for domain in domains:
        name = domain.value.lower()
        readers[name] = reader = Layered(getattr(runtime.sources, name), layer)
        reader.is_stepped = True
    return msgspec.structs.replace(runtime.sources, **readers)


async def planned(found: Asked, context: Context) -> Outcome:
    """What the plan of an operation answers. Raises LookupError where it has none."""
    plan = found.operation.plan(ADMIN, found.values)
    if plan is None:
        raise LookupError("The operation has no plan.")
    with Together():
        return await plan.run(context, found.values)
