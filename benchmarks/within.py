"""A gateway within the benchmark's own process: who asks it, and its sources behind a layer."""

from collections.abc import Iterable

import msgspec

from datasources.layers import Layer, Layered
from datasources.registry import Domain
from gateway.sources import Runtime
from permissions.model import EVERYONE, Principal, ViewerKind
from permissions.roles import DEFAULT_ROLES
from resolvers.context import Sources

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
