"""`{{…}}` in the variables of a golden query: ids that are told by what they are the id of."""

import re
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_required_argument

from tests.harness import Gateway, schema
from tests.queries.expressions import evaluate

PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}")


async def filled(value: Any, gateway: Gateway, before: Any) -> Any:
    """JSON with its placeholders replaced; `before` is what expressions read."""
    if isinstance(value, dict):
        return {key: await filled(item, gateway, before) for key, item in value.items()}
    if isinstance(value, list):
        return [await filled(item, gateway, before) for item in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole is not None:
        return await _meaning(whole[1], gateway, before)
    for found in PLACEHOLDER.findall(value):
        value = value.replace(f"{{{{{found}}}}}", str(await _meaning(found, gateway, before)))
    return value


async def _meaning(text: str, gateway: Gateway, before: Any) -> Any:
    match text.split(":"):
        case ["now"]:
            return gateway.now.isoformat().replace("+00:00", "Z")
        case ["customer", support_id]:
            return gateway.customer_id(support_id)
        case ["uuid", support_id]:
            return str(gateway.members[support_id])
        case ["node", type_name, support_id, index]:
            return await _node(gateway, type_name, int(index), support_id)
        case ["node", type_name, index]:
            return await _node(gateway, type_name, int(index))
        case _:
            return evaluate(text, before)


async def _node(gateway: Gateway, type_name: str, index: int, support_id: str | None = None) -> str:
    """The id of the n-th of a type's nodes in the first list of them that a customer, or the root, shows."""
    shown = schema().type_map["Query" if support_id is None else "Customer"]
    assert isinstance(shown, GraphQLObjectType)
    field, selection = _listing(shown, type_name)
    if support_id is None:
        answer = await gateway.run(f"{{ {selection} }}")
        found = answer.data[field]
    else:
        query = f"query ($id: ID!) {{ customer(by: {{id: $id}}) {{ {selection} }} }}"
        answer = await gateway.run(query, {"id": gateway.customer_id(support_id)})
        found = answer.data["customer"][field]
    nodes = found["nodes"] if isinstance(found, dict) else found
    return str(nodes[index]["id"])


def _listing(shown: GraphQLObjectType, type_name: str) -> tuple[str, str]:
    """Name and selection of the field that lists the type."""
    for name, field in shown.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        returned = get_named_type(field.type)
        if returned.name == type_name:
            return name, f"{name} {{ id }}"
        nodes = returned.fields.get("nodes") if isinstance(returned, GraphQLObjectType) else None
        if nodes is not None and get_named_type(nodes.type).name == type_name:
            return name, f"{name}(first: 100) {{ nodes {{ id }} }}"
    raise LookupError(f"{shown.name} shows no {type_name}")
