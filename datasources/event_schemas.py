"""What an event type's JSON Schema says of what an event tells: whether it fits, which rule it breaks, what of it are facts."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from datasources.program import EventType

FACT = "x-fact"
"""Annotates the properties that may outlive the person: amounts, keys, dates and names of the program's own things. All that
is not marked so is taken for personal data."""

Told = Mapping[str, Any]  # any JSON
Check = Callable[[Any], bool]

KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}
OF_OBJECTS = frozenset(("properties", "required", "additionalProperties"))
PASSED = OF_OBJECTS | {"$schema", "type", "format"}
"""Keywords that the quick check knows, or that assert nothing; the rest of those it knows are in `BOUNDS`."""
BOUNDS: Mapping[str, str] = {
    "maxLength": "{v}.__class__ is str and len({v}) <= {k}",
    "minLength": "{v}.__class__ is str and len({v}) >= {k}",
    "pattern": "{v}.__class__ is str and {k}.search({v}) is not None",
    "minimum": "{v}.__class__ in numbers and {v} >= {k}",
    "maximum": "{v}.__class__ in numbers and {v} <= {k}",
    "enum": "{v}.__class__ is str and {v} in {k}",
}
"""What no value `v` passes that breaks the keyword's rule `k`, while some that keep it may fail."""


class EventSchema:
    """The schema of an event type, ready to be held against events."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._validator = Draft202012Validator(document)
        self._fits = _quick(document)
        properties = document.get("properties", {})
        self.properties = frozenset(properties)
        marked = (name for name, rule in properties.items() if isinstance(rule, dict) and rule.get(FACT) is True)
        self.facts = frozenset(marked)

    def broken(self, told: Told) -> tuple[str, tuple[str, ...]] | None:
        """The first rule that is broken, with the property where; None where all hold."""
        # The validator takes 60 µs for what the quick check passes in one; only it can say what is wrong.
        if self._fits(told):
            return None
        error = next(self._validator.iter_errors(told), None)
        return None if error is None else (str(error.validator), tuple(str(step) for step in error.absolute_path)[:1])


def schema_of(type_: EventType) -> EventSchema:
    """The schema of an event type; made once for each schema there is."""
    return _made(msgspec.json.encode(type_.schema))


@cache
def _made(schema: bytes) -> EventSchema:
    return EventSchema(msgspec.json.decode(schema))


def _quick(document: Mapping[str, Any]) -> Check:
    """Passes nothing that breaks the schema, and may fail what keeps it."""
    try:
        return _Writer().check(document)
    except Unsure:
        return lambda _told: False


class Unsure(Exception):
    """A rule that only the validator knows."""


class _Writer:
    """Generated code: the check of a rule written as one expression."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"absent": object(), "numbers": KINDS["number"]}
        self._numbers = count()

    def check(self, rule: Any) -> Check:
        """The check of a rule. Raises Unsure."""
        return self._function(self._kept(rule, "v"))

    def _kept(self, rule: Any, v: str) -> str:
        """What is true where the value of a variable keeps a rule."""
        if not isinstance(rule, dict):
            raise Unsure
        asserted = rule.keys() & Draft202012Validator.VALIDATORS.keys()
        if not asserted <= PASSED | BOUNDS.keys():
            raise Unsure
        kinds = rule.get("type", list(KINDS))
        allowed = tuple(kind for name in ([kinds] if isinstance(kinds, str) else kinds) for kind in KINDS.get(name, ()))
        tests = [f"{v}.__class__ in {self._known(allowed)}"]
        tests += (
            BOUNDS[name].format(v=v, k=self._known(_bound(name, rule[name])))
            for name in sorted(asserted & BOUNDS.keys())
        )
        if asserted & OF_OBJECTS:
            if allowed != (dict,) or rule.get("additionalProperties", True) is not True:
                raise Unsure
            tests.append(f"{self._known(self._function(self._parts_kept(rule)))}({v})")
        return " and ".join(tests)

    def _parts_kept(self, rule: Mapping[str, Any]) -> str:
        """What is true where the parts of the object `v` keep a rule: in a function of its own, however deep it stands."""
        tests = [f"{name!r} in v" for name in rule.get("required", ())]
        for name, part in rule.get("properties", {}).items():
            own = self._name("v")
            tests.append(f"(({own} := v.get({name!r}, absent)) is absent or {self._kept(part, own)})")
        return " and ".join(tests) or "True"

    def _function(self, expression: str) -> Check:
        made: Check = eval(f"lambda v: {expression}", self._names)  # noqa: S307  # names are numbered here or quoted
        return made

    def _known(self, value: Any) -> str:
        """The name under which the code knows a value."""
        name = self._name("k")
        self._names[name] = value
        return name

    def _name(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"


def _bound(name: str, given: Any) -> Any:
    """What a check looks at for a keyword's value."""
    if name == "enum":
        return frozenset(value for value in given if isinstance(value, str))
    return re.compile(given) if name == "pattern" else given
