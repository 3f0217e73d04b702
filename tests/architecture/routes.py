"""Ways from the root to every object type, found by asking, and queries for all fields at their ends."""

import json
from collections import deque
from collections.abc import Iterator
from string import Template
from typing import Any
from uuid import UUID

import msgspec
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from schema.ids import global_id
from tests.architecture.promises import Promises
from tests.harness import Answer, Gateway

ARGUMENTS = {
    "Query.node": "id: $nobody",
    "Query.nodes": "ids: $customers",
    "Query.customer": "by: {id: $customer}",
    "Query.customerLookup": 'value: "CJ-000015"',
    "Query._entities": 'representations: [{__typename: "Customer", id: $customer}]',
    "Query.tagSuggestions": 'prefix: "a"',
    "Customer.explainBalance": 'account: "points", from: "2025-06-01T00:00:00Z", until: "2025-12-01T00:00:00Z"',
    "Customer.events": "first: 100",
    "PointAccount.balanceAt": 'at: "2025-12-01T00:00:00Z"',
}
MOST = 5
CUSTOMERS = 16
SEEING = ("admin", "care_agent")

Path = tuple[str | int, ...]


class Step(msgspec.Struct, frozen=True):
    """A field on the way, and the type that goes on behind it."""

    type_name: str
    field: str
    leads_to: str


Route = tuple[Step, ...]


class Asking:
    """Queries at the ends of routes."""

    def __init__(self, promises: Promises, gateway: Gateway) -> None:
        self.promises, self._gateway = promises, gateway
        ids = [gateway.customer_id(support_id) for support_id in list(gateway.members)[:CUSTOMERS]]
        nobody = global_id("Customer", UUID(int=1))
        self._ids = {"customers": json.dumps(ids), "customer": json.dumps(ids[0]), "nobody": json.dumps(nobody)}

    async def routes(self) -> dict[str, Route]:
        """A way to every type that anybody finds an object of."""
        found: dict[str, Route] = {"Query": ()}
        waiting = deque(["Query"])
        while waiting:
            type_name = waiting.popleft()
            names = [name for name, field in self.fields(type_name) if not is_leaf_type(get_named_type(field.type))]
            for met in await self._met(found[type_name], names):
                if met.leads_to not in found:
                    found[met.leads_to] = (*found[type_name], met)
                    waiting.append(met.leads_to)
        return found

    async def _met(self, route: Route, names: list[str]) -> list[Step]:
        """What the fields lead to for callers who see much, and for one who is limited."""
        answers = [await self.ask(route, names, role) for role in SEEING] if names else []
        return [
            Step(route[-1].leads_to if route else "Query", name, item["__typename"])
            for answer in answers
            for _, parent in positions(answer.data, route)
            for name in names
            for _, item in _objects((), parent[name])
        ]

    def fields(self, type_name: str) -> Iterator[tuple[str, GraphQLField]]:
        """The fields of a type."""
        yield from self.promises.types[type_name].fields.items()

    async def ask(self, route: Route, names: list[str], role: Any) -> Answer:
        """The fields of all objects at the end of a route, objects among them by what they are."""
        type_name = route[-1].leads_to if route else "Query"
        text = " ".join(self._selected(type_name, name) for name in names)
        for step in reversed(route):
            text = f"{self._called(step.type_name, step.field)} {{ __typename ... on {step.leads_to} {{ {text} }} }}"
        return await self._gateway.run(f"{{ {text} }}", caller=role)

    def _selected(self, type_name: str, name: str) -> str:
        field = self.promises.types[type_name].fields[name]
        returned = get_named_type(field.type)
        if is_leaf_type(returned):
            return self._called(type_name, name)
        inner = ["__typename"]
        if self.promises.kind(type_name, name) is not None and isinstance(returned, GraphQLObjectType):
            inner += [key for key, part in returned.fields.items() if is_leaf_type(get_named_type(part.type))]
        return f"{self._called(type_name, name)} {{ {' '.join(inner)} }}"

    def _called(self, type_name: str, name: str) -> str:
        field = self.promises.types[type_name].fields[name]
        coordinate = f"{type_name}.{name}"
        if coordinate in ARGUMENTS:
            return f"{name}({Template(ARGUMENTS[coordinate]).substitute(self._ids)})"
        assert not any(is_required_argument(argument) for argument in field.args.values()), coordinate
        return f"{name}(first: {MOST})" if "first" in field.args and coordinate != "Query.customers" else name


def positions(data: Any, route: Route) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects at the end of a route, each with its path."""
    found: list[tuple[Path, dict[str, Any]]] = [((), data)] if isinstance(data, dict) else []
    for step in route:
        found = [
            item
            for path, parent in found
            for item in _objects((*path, step.field), parent[step.field])
            if item[1]["__typename"] == step.leads_to
        ]
    yield from found


def _objects(path: Path, value: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects((*path, index), item)
