"""A schema whose resolvers give every kind of value that can be wrong, in every place, at once and later."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, Undefined, build_schema

from permissions.model import ANONYMOUS
from resolvers.loading import Loaders

SDL = """
interface Named { name: String }
union Anything = Dog | Cat
enum Mood { HAPPY, SAD }
scalar Odd
type Dog implements Named { name: String, barks: Boolean!, mate: Anything, self: Dog, moods: [Mood!]!, mood: Mood }
type Cat implements Named { name: String, lives: Int!, kittens: [Cat!], sad: Cat! }
type Query {
  GIVEN
  pets: [Named], firmPets: [Named!]!, anything: Anything, strange: Anything, nothing: Named
  deep: Query, firm: Query!, list: [Query], firmList: [Query!], firmFirmList: [Query!]!, grid: [[Int!]]!, firmGrid: [[Int!]!]!
  echo(text: String, times: Int = 2, needed: Int! = 1, many: [Int!], mood: Mood, in: In): String
  later: Query, laterFirm: Query!, laterList: [Query!], absent: [Query], mixed: [Int], mixedFirm: [Int!]
}
input In { size: Int! = 3, inner: In, texts: [String!] }
type Mutation { add(number: Int!): Int, fail: Int, firm: Int!, slow: Query }
type Subscription { event: Query, firmEvent: Query! }
"""

KINDS = (
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
    "Mood",
    "Odd",
    "Dog",
    "[Int]",
    "[Int!]",
    "[String]",
    "[Dog]",
    "[Dog!]",
)
"""Types that a field has, nullable and not."""


class Failure(Exception):
    """What a resolver raises."""


def value(name: str) -> Any:
    """A value by its name."""
    return {
        "null": None,
        "undefined": Undefined,
        "text": "text",
        "number": 7,
        "large": 2**40,
        "fraction": 1.5,
        "infinite": float("inf"),
        "true": True,
        "object": {"name": "Rex", "barks": True, "moods": ["happy", "sad"], "mood": "sad"},
        "lame": {"name": "Rex"},
        "list": [1, 2],
        "holes": [1, None, 2],
        "words": ["a", 1, None, {}],
        "objects": [{"name": "a", "barks": True, "moods": []}, None, {"name": "b"}],
        "faults": [Failure("in the list"), 1],
        "error": Failure("given back"),
        "mood": "happy",
        "nested": [[1], None, [None]],
        "generated": (number for number in (1, 2)),
        "mapping": {"a": 1},
        "set": {1},
    }[name]


VALUES = [
    "null",
    "undefined",
    "text",
    "number",
    "large",
    "fraction",
    "infinite",
    "true",
    "object",
    "lame",
    "list",
    "holes",
    "words",
    "objects",
    "faults",
    "error",
    "mood",
    "nested",
    "generated",
    "mapping",
    "set",
]


def fields() -> dict[str, tuple[str, Callable[..., Any]]]:
    """Every kind of type with every value, given at once, later, and in the next turn of the loop: name → type, resolver."""
    found = {}
    for number, kind in enumerate(KINDS):
        for firm in ("", "!"):
            for name in VALUES:
                for how in ("now", "soon", "late"):
                    found[f"f{number}{'x' if firm else ''}_{name}_{how}"] = (kind + firm, giving(name, how))
    found["raises"] = ("Int", raising)
    found["raisesFirm"] = ("Int!", raising)
    found["raisesLater"] = ("Int!", raising_later)
    return found


def giving(name: str, how: str) -> Callable[..., Any]:
    def now(_source: object, _info: object) -> Any:
        return value(name)

    async def soon(_source: object, _info: object) -> Any:
        return value(name)

    async def late(_source: object, _info: object) -> Any:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return value(name)

    return {"now": now, "soon": soon, "late": late}[how]


def raising(*_: object) -> Any:
    raise Failure("raised")


async def raising_later(*_: object) -> Any:
    await asyncio.sleep(0)
    raise Failure("raised later")


async def _number(given: int) -> int:
    await asyncio.sleep(0)
    if given < 0:
        raise Failure("awaited in a list")
    return given


async def _nothing() -> None:
    await asyncio.sleep(0)


async def _query(*_: object) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {}


def _pets(*_: object) -> list[Any]:
    return [
        {"kind": "Dog", "name": "a"},
        {"kind": "Cat", "name": "b", "lives": 9},
        {"kind": "Fish"},
        None,
        {"kind": "Cat"},
    ]


async def _events(*_: object) -> AsyncIterator[Any]:
    yield {}
    yield None
    yield {}


class Counting:
    """What the mutations change."""

    def __init__(self) -> None:
        self.total = 0


class Context:
    """The context of one request."""

    def __init__(self) -> None:
        self.principal, self.loaders, self.counting = ANONYMOUS, Loaders(), Counting()


async def _add(_source: object, info: Any, number: int) -> int:
    before = info.context.counting.total
    await asyncio.sleep(0)
    info.context.counting.total = before + number
    return int(info.context.counting.total)


def schema() -> GraphQLSchema:
    """The schema, with its resolvers."""
    given = fields()
    built = build_schema(SDL.replace("GIVEN", "\n".join(f"{name}: {type_}" for name, (type_, _) in given.items())))
    query, mutation, mood = built.type_map["Query"], built.type_map["Mutation"], built.type_map["Mood"]
    assert isinstance(query, GraphQLObjectType) and isinstance(mutation, GraphQLObjectType)
    assert isinstance(mood, GraphQLEnumType)
    for name, (_, resolve) in given.items():
        query.fields[name].resolve = resolve
    one: dict[str, Any] = {
        "kind": "Dog",
        "name": "c",
        "barks": True,
        "moods": ["happy"],
        "mate": {"kind": "Cat", "name": "d"},
    }
    for name, resolve in {
        "pets": _pets,
        "firmPets": lambda *_: _pets()[:2],
        "anything": lambda *_: one,
        "strange": lambda *_: {"kind": "Query"},
        "nothing": lambda *_: None,
        "deep": lambda *_: {},
        "firm": lambda *_: {},
        "list": lambda *_: [{}, None, Failure("in the list")],
        "firmList": lambda *_: [{}, {}],
        "firmFirmList": lambda *_: ({}, {}),
        "grid": lambda *_: [[1, None], None, [2]],
        "firmGrid": lambda *_: [[1], [2, "x"]],
        "echo": lambda _source, _info, **given: repr(sorted(given.items())),
        "later": _query,
        "laterFirm": _query,
        "laterList": lambda *_: [_query(), {}, _query()],
        "absent": lambda *_: [Undefined, _nothing(), raising_later(), {}],
        "mixed": lambda *_: [_number(1), 2, _number(-1), None],
        "mixedFirm": lambda *_: [_number(1), 2, _number(-1)],
    }.items():
        query.fields[name].resolve = resolve
    for name, resolve in {"add": _add, "fail": raising, "firm": raising_later, "slow": _query}.items():
        mutation.fields[name].resolve = resolve
    subscription = built.type_map["Subscription"]
    assert isinstance(subscription, GraphQLObjectType)
    for field in subscription.fields.values():
        field.subscribe, field.resolve = _events, lambda event, _info: event
    for name in ("HAPPY", "SAD"):
        mood.values[name].value = name.lower()
    mood.__dict__.pop("_value_lookup", None)
    for name in ("Named", "Anything"):
        built.type_map[name].resolve_type = lambda row, _info, _type: row["kind"]  # type: ignore[attr-defined]
    return built
