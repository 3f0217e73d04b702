"""Rows made of the items of an answer: each attribute by its path, converted to its type or not understood."""

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from datasources.http.conversions import MISFITS, Convert, converter, currency, exact, minor_units, of_unit
from datasources.http.paths import JSON, Path, Unclear
from datasources.http.settings import FieldSettings
from datasources.http.templates import spelled
from datasources.ids import CustomerId

OWNER = "customer_id"
"""The attribute that the key tells, or the owner that an answer names."""
VALUE = "value"
"""Stands for the row where it is no struct."""
CURRENCY = "currency"


class Attribute(msgspec.Struct, frozen=True):
    """How one attribute is made."""

    name: str
    path: Path | None
    value: Any
    convert: Convert
    nullable: bool
    is_amount: bool
    pattern: re.Pattern[str] | None
    words: Mapping[str, str] | None
    otherwise: str | None

    def of(self, item: JSON) -> Any:
        """Its value; an amount in major units, which its row's currency turns into minor ones. Raises Unclear."""
        found = None if self.path is None else self.path.of(item)
        if found is None:
            return self.value
        if self.pattern is not None:
            found = self._part(self.pattern, found)
        if self.words is not None:
            found = self._word(found)
        try:
            return self.convert(found)
        except MISFITS:
            raise Unclear(self.name) from None

    def spelled(self, value: str) -> list[str]:
        """The other system's words for one of ours."""
        if self.words is None:
            return [value]
        return [theirs for theirs, ours in self.words.items() if ours == value]

    def _part(self, pattern: re.Pattern[str], found: JSON) -> str:
        match = pattern.search(spelled(found) or "")
        if match is None or match[1] is None:
            raise Unclear(self.name)
        return match[1]

    def _word(self, found: JSON) -> str:
        word = (self.words or {}).get(spelled(found) or "", self.otherwise)
        if word is None:
            raise Unclear(self.name)
        return word


class Rows:
    """Makes the rows of a type, a struct or a plain value. A struct within one is mapped by names with a dot."""

    def __init__(self, row: Any, fields: Mapping[str, FieldSettings]) -> None:
        """Raises Faults of all its fields."""
        self.row = row
        self.columns = tuple(fields)
        self.attributes: dict[str, Attribute] = {}
        self._within: dict[str, Rows] = {}
        self._is_struct, self._blank = _is_struct(row), _blank(row)
        self._faults: dict[str, str] = {}
        types = types_of(row)
        for name in types:
            self._map(name, types, fields)
        known = {name for name in fields if name.partition(".")[0] in self._within} | types.keys()
        self._faults |= dict.fromkeys(fields.keys() - known, "unknown attribute")
        if OWNER in fields:
            self._faults[OWNER] = "is known: the row's owner has it"
        if self._faults:
            raise Faults(self._faults)

    def _map(self, name: str, types: Mapping[str, Any], fields: Mapping[str, FieldSettings]) -> None:
        """Have an attribute made by its own field, or by those of the struct within."""
        kind, within = _core(types[name])[0], f"{name}."
        inner = {key.removeprefix(within): field for key, field in fields.items() if key.startswith(within)}
        try:
            if name in fields:
                self.attributes[name] = _attribute(name, types, fields[name])
            elif inner and _is_struct(kind):
                self._within[name] = Rows(kind, inner)
            elif name != OWNER and not _is_optional(self.row, name, types[name]):
                self._faults[name] = "is missing"
        except ValueError as error:
            self._faults[name] = str(error)
        except Faults as found:
            self._faults |= {f"{within}{key}": fault for key, fault in found.faults.items()}

    def made(self, item: JSON, customer: CustomerId | None) -> Any:
        """The row of an item. Raises Unclear."""
        values = {name: attribute.of(item) for name, attribute in self.attributes.items()}
        values |= {name: rows.made(item, customer) for name, rows in self._within.items()}
        for name, attribute in self.attributes.items():
            if attribute.is_amount and values[name] is not None:
                values[name] = self._minor(name, values)
            if values[name] is None and not attribute.nullable:
                raise Unclear(name)
        if not self._is_struct:
            return values[VALUE]
        if customer is not None and OWNER in self._blank:
            values[OWNER] = customer
        return self.row(**{**self._blank, **values})

    def _minor(self, name: str, values: Mapping[str, Any]) -> int:
        """An amount in minor units of its row's currency. Raises Unclear."""
        try:
            return minor_units(values[name], values[CURRENCY])
        except MISFITS:
            raise Unclear(name) from None


class Faults(Exception):
    """What is wrong with the fields of a mapping, by their names."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = faults
        super().__init__(", ".join(faults))


def types_of(row: Any) -> dict[str, Any]:
    """The attributes of a row with their types; a plain value has one, `value`."""
    if not _is_struct(row):
        return {VALUE: row}
    hints = get_type_hints(row)
    return {name: hints[name] for name in row.__struct_fields__}


def _blank(row: Any) -> dict[str, None]:
    """None for every attribute that has no default of its own."""
    if not _is_struct(row):
        return {}
    return {field.name: None for field in msgspec.structs.fields(row) if field.required}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _is_optional(row: Any, name: str, kind: Any) -> bool:
    return (NoneType in get_args(kind)) or (
        _is_struct(row) and any(field.name == name and not field.required for field in msgspec.structs.fields(row))
    )


def _attribute(name: str, types: Mapping[str, Any], settings: FieldSettings) -> Attribute:
    """Raises ValueError."""
    kind, nullable = _core(types[name])
    convert = currency if name == CURRENCY else _of_unit(name, types, kind, settings) or converter(kind, settings.zone)
    value = settings.value
    if value is not None:
        try:
            value = convert(exact(value))
        except MISFITS:
            raise ValueError("value is not of the attribute's type") from None
    words = {*(settings.values or {}).values(), *filter(None, [settings.otherwise])}
    for word in sorted(words):
        try:
            convert(word)
        except MISFITS:
            raise ValueError(f"'{word}' is not of the attribute's type") from None
    return Attribute(
        name,
        None if settings.path is None else Path(settings.path, name),
        value,
        convert,
        nullable,
        settings.unit == "major",
        None if settings.pattern is None else re.compile(settings.pattern),
        settings.values,
        settings.otherwise,
    )


def _of_unit(name: str, types: Mapping[str, Any], kind: Any, settings: FieldSettings) -> Convert | None:
    """How a value told in a unit is converted. Raises ValueError where the attribute has no such unit."""
    if settings.unit == "major" and not (name.endswith("_minor") and CURRENCY in types):
        raise ValueError("unit major is of amounts in rows that have a currency")
    return None if settings.unit is None else of_unit(settings.unit, kind)


def _core(kind: Any) -> tuple[Any, bool]:
    """The type without None, and whether None is of it."""
    if get_origin(kind) in (Union, UnionType):
        parts = [part for part in get_args(kind) if part is not NoneType]
        core = parts[0] if len(parts) == 1 else Union[tuple(parts)]  # noqa: UP007  # made of what is found
        return getattr(core, "__supertype__", core), NoneType in get_args(kind)
    return getattr(kind, "__supertype__", kind), False
