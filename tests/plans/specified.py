"""A small schema in the words of the GraphQL specification's own examples, and how its operations are answered by plans."""

import asyncio
from types import SimpleNamespace
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, build_schema

from gateway.documents import Documents
from gateway.errors import Refused
from gateway.execution import asked
from gateway.sections import ServerSettings
from permissions.model import ANONYMOUS
from resolvers.loading import Loaders

SDL = """
scalar JSON
enum Command { SIT DOWN }
interface Pet { name: String! }
union CatOrDog = Cat | Dog
type Dog implements Pet { name: String!, nickname: String, knows(command: Command!): Boolean!, owner: Human, mother: Dog! }
type Cat implements Pet { name: String!, meowVolume: Int }
type Human { name: String!, age: Int, pets: [Pet!], best: Pet!, friends: [Human]! }
input Example { a: String, b: Int! }
input Sized { size: Int! = 3, tags: [String!] }
type Number { theNumber: Int, afterwards: Int }
type Query {
  dog: Dog, pet: Pet, either: CatOrDog, pets: [Pet], human: Human, fast: Int, slow: Int
  given(int: Int, firm: Int! = 7, float: Float, text: String = "d", id: ID, flag: Boolean, command: Command, example: Example,
    sized: Sized, list: [Int], firmList: [Int!], lists: [[Int]]): JSON
  needs(firm: Int!): JSON
  leaf(of: String): JSON
  int(of: String): Int, float(of: String): Float, string(of: String): String, boolean(of: String): Boolean, id(of: String): ID
  enum(of: String): Command
  list(of: String): [Int], firmList(of: String): [Int]!, listOfFirm(of: String): [Int!], firmListOfFirm(of: String): [Int!]!
  lists: [[Int!]]
}
type Mutation { change(to: Int!): Number, refuse(to: Int!): Number, mustChange(to: Int!): Number! }
"""
VALUES: dict[str, Any] = {
    "int": 1, "whole": 1.0, "fraction": 1.5, "large": 2**31, "text": "1", "word": "one", "true": True, "null": None,
    "infinite": float("inf"), "SIT": "SIT", "RUN": "RUN", "object": {}, "good": [1, 2, 3], "holed": [1, None, 3],
    "failing": [1, ValueError("second"), 3], "tuple": (1, 2), "error": ValueError("given back"),
}  # fmt: skip
"""What the fields of each type are resolved to, by the name that they are asked with."""


class Row(SimpleNamespace):
    """An object of a source, of the type that it names."""


HUMAN = Row(type="Human", name="Ann", age=30)
DOG = Row(type="Dog", name="Rex", nickname=None, owner=HUMAN)
CAT = Row(type="Cat", name="Tom", meowVolume=5)
HUMAN.pets, HUMAN.friends, HUMAN.best = [DOG, CAT], [HUMAN, None], Row(type="Fish", name="Wanda")


class Context:
    """The context of one request: what is changed by it, and the order in which fields were resolved."""

    def __init__(self) -> None:
        self.principal, self.loaders = ANONYMOUS, Loaders()
        self.number, self.order = 0, list[str]()


def _fails(*_: object) -> Any:
    raise ValueError("raised")


async def _slow(_row: object, info: Any) -> int:
    info.context.order.append("slow begins")
    await asyncio.sleep(0)
    info.context.order.append("slow ends")
    return 1


def _fast(_row: object, info: Any) -> int:
    info.context.order.append("fast")
    return 2


async def _change(_row: object, info: Any, to: int) -> Row:
    info.context.order.append(f"change to {to}")
    await asyncio.sleep(0)
    info.context.number = to
    return Row(type="Number", theNumber=to)


async def _refuse(_row: object, info: Any, to: int) -> Row:
    info.context.order.append(f"refuse {to}")
    raise ValueError("refused")


async def _afterwards(_row: object, info: Any) -> int:
    await asyncio.sleep(0)
    return int(info.context.number)


RESOLVERS: dict[str, dict[str, Any]] = {
    "Query": {
        "dog": lambda *_: DOG,
        "pet": lambda *_: DOG,
        "either": lambda *_: CAT,
        "pets": lambda *_: [DOG, CAT, None, Row(type="Fish")],
        "human": lambda *_: HUMAN,
        "slow": _slow,
        "fast": _fast,
        "given": lambda _row, _info, **given: given,
        "needs": lambda _row, _info, **given: given,
        "lists": lambda *_: [[1, None], [2], None],
    }
    | dict.fromkeys(
        ["leaf", "int", "float", "string", "boolean", "id", "enum", "list", "firmList", "listOfFirm", "firmListOfFirm"],
        lambda _row, _info, of="null": VALUES[of],
    ),
    "Dog": {"knows": lambda _row, _info, command: command == "SIT", "mother": _fails},
    "Number": {"afterwards": _afterwards},
    "Mutation": {"change": _change, "refuse": _refuse, "mustChange": _refuse},
}


def _schema() -> GraphQLSchema:
    built = build_schema(SDL)
    for name, resolvers in RESOLVERS.items():
        type_ = built.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field, resolve in resolvers.items():
            type_.fields[field].resolve = resolve
    for name in ("Pet", "CatOrDog"):
        built.type_map[name].resolve_type = lambda row, _info, _type: row.type  # type: ignore[attr-defined]
    return built


SCHEMA = _schema()


async def answer(
    query: str, variables: dict[str, Any] | None = None, name: str | None = None, context: Context | None = None
) -> dict[str, Any]:
    """The answer of an operation's plan, its errors as the specification writes them. Raises Refused."""
    found = asked(Documents(SCHEMA, ServerSettings()).find(query).operation(name), variables)
    plan = found.operation.plan(ANONYMOUS, found.values)
    assert plan is not None
    outcome = await plan.run(context or Context(), found.values)
    errors = [error.formatted for error in outcome.errors]
    return {"data": outcome.data} | ({"errors": errors} if errors else {})


async def refusal(query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> list[str]:
    """The messages with which a request is refused before anything is executed."""
    try:
        found = await answer(query, variables, name)
    except Refused as refused:
        return [str(error["message"]) for error in refused.errors]
    raise AssertionError(found)


def error(message: str, path: list[str | int], column: int, line: int = 1) -> dict[str, Any]:
    """An error as the specification writes it (7.1.2)."""
    return {"message": message, "locations": [{"line": line, "column": column}], "path": path}
