"""The JSON Schemas of the layout, which are its documentation too: what a record may hold, and why a row does not fit."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from .problems import BadValue

SCHEMAS = Path(__file__).parent / "schemas"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
FORMATS = FormatChecker(formats=())
EARLIEST, LATEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC)

JsonSchema = dict[str, Any]  # a JSON Schema holds any JSON
Values = dict[str, Any]  # a row as its schema allows it

WORDS = {
    "date-time": "must be an instant with its offset, such as 2026-01-31T12:00:00Z",
    "date": "must be a date, such as 2026-01-31",
    "string": "must be text",
    "integer": "must be a whole number",
    "number": "must be a number",
    "boolean": "must be true or false",
    "array": "must be a list",
    "object": "must be an object",
}


@FORMATS.checks("date-time", raises=(ValueError, OverflowError))  # type: ignore[untyped-decorator]  # jsonschema ships no types
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or (INSTANT.fullmatch(value) is not None and EARLIEST < instant(value) < LATEST)


@FORMATS.checks("date", raises=ValueError)  # type: ignore[untyped-decorator]  # jsonschema ships no types
def _is_day(value: object) -> bool:
    return not isinstance(value, str) or (DAY.fullmatch(value) is not None and bool(dt.date.fromisoformat(value)))


def instant(text: str) -> dt.datetime:
    """The instant that a text of the format `date-time` names, in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


class Shape:
    """One kind of record of a domain's file."""

    def __init__(self, domain: str, record: str, schema: JsonSchema) -> None:
        self.domain = domain
        self.record = record
        self.schema = schema
        self._validator = Draft202012Validator(schema, format_checker=FORMATS)

    @property
    def properties(self) -> Mapping[str, JsonSchema]:
        """The schema of each property."""
        found: Mapping[str, JsonSchema] = self.schema["properties"]
        return found

    def faults(self, values: Values) -> Iterator[BadValue]:
        """Everything in which a row differs from the schema."""
        for error in self._validator.iter_errors(values):
            yield from _faults(error)

    def filled(self, values: Values) -> Values:
        """The row with the defaults of what it leaves out, without `record`."""
        found: Values = _filled(self.schema, values)
        found.pop("record", None)
        return found


@cache
def shapes(domain: str) -> Mapping[str, Shape]:
    """The kinds of record in a domain's file, by name, in the order of the schema."""
    document = schema_of(domain)
    return {record: Shape(domain, record, schema) for record, schema in document["$defs"].items()}


@cache
def schema_of(domain: str) -> JsonSchema:
    """The JSON Schema of a domain's file."""
    found: JsonSchema = msgspec.json.decode((SCHEMAS / f"{domain}.schema.json").read_bytes())
    return found


def _faults(error: ValidationError) -> Iterator[BadValue]:
    path: tuple[str | int, ...] = tuple(error.absolute_path)
    if error.validator == "required":
        # jsonschema tells of each missing property by itself, and names it in the message alone.
        name = next(name for name in error.validator_value if error.message.startswith(f"{name!r} "))
        yield BadValue("is required", *path, name)
    elif error.validator == "additionalProperties":
        for name in sorted(set(error.instance) - set(error.schema["properties"])):
            yield BadValue("is unknown here", *path, name)
    else:
        yield BadValue(_reason(str(error.validator), error.validator_value), *path)


def _reason(rule: str, value: Any) -> str:  # whatever the schema has there
    if rule in ("type", "format"):
        return WORDS[value]
    if rule == "enum":
        return f"must be one of {', '.join(value)}"
    limits = {
        "minLength": "must not be empty",
        "maxLength": f"must have at most {value} characters",
        "minimum": f"must be at least {value}",
        "maximum": f"must be at most {value}",
        "pattern": f"must match {value}",
        "const": f"must be {value}",
        "not": "must not be 0",
        "oneOf": "must have what one kind of it needs, and nothing of another",
    }
    return limits[rule]


def _filled(schema: JsonSchema, value: Any) -> Any:  # any JSON value
    if isinstance(value, dict) and "properties" in schema:
        defaults = {name: part["default"] for name, part in schema["properties"].items() if "default" in part}
        given = {name: _filled(schema["properties"][name], part) for name, part in value.items()}
        return defaults | given
    if isinstance(value, list) and "items" in schema:
        return [_filled(schema["items"], part) for part in value]
    return value
