"""Files of the layout, line by line: JSONL as it is, CSV typed by the schema."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from .problems import BadValue, Problem
from .shapes import JsonSchema, Shape, Values, shapes

SUFFIXES = (".jsonl", ".csv")
BOOLEANS = {"true": True, "false": False}


class Line(msgspec.Struct, frozen=True):
    """A row as its file has it, `number` the line where it begins."""

    file: str
    number: int
    values: Values

    def problem(self, fault: BadValue) -> Problem:
        """What is wrong with it: by JSON pointer (RFC 6901), or by the name of the CSV column."""
        if self.file.endswith(".csv"):
            return Problem(self.file, self.number, str(fault.path[0]) if fault.path else "", fault.reason)
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in fault.path)
        return Problem(self.file, self.number, pointer, fault.reason)


def lines(path: Path) -> Iterator[Line | Problem]:
    """The rows of a domain's file, and what can't be read as a row."""
    found = _csv(path) if path.suffix == ".csv" else _jsonl(path)
    for line in found:
        if isinstance(line, Line) and any("\x00" in text for text in _texts(line.values)):
            yield Problem(line.file, line.number, "", "holds a NUL character")
        else:
            yield line


def shape_of(line: Line, domain: str) -> Shape:
    """Which record a row is. Raises BadValue."""
    known = shapes(domain)
    if len(known) == 1:
        return next(iter(known.values()))
    name = line.values.get("record")
    if name is None:
        raise BadValue("is required", "record")
    if not isinstance(name, str) or name not in known:
        raise BadValue(f"must be one of {', '.join(known)}", "record")
    return known[name]


def _jsonl(path: Path) -> Iterator[Line | Problem]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if not text.strip():
                continue
            try:
                yield Line(path.name, number, msgspec.json.decode(text, type=dict[str, Any]))
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                yield Problem(path.name, number, "", "is no JSON object in UTF-8")


def _csv(path: Path) -> Iterator[Line | Problem]:
    # Bytes that are no UTF-8 become lone surrogates, which no text of a valid file holds: so the line is known.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from _records(path, file)


def _records(path: Path, file: TextIO) -> Iterator[Line | Problem]:
    reader = csv.reader(file, strict=True)
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            if not header:
                header = cells
                if len(set(header)) < len(header):
                    yield Problem(path.name, begins, "", "names a column twice")
            elif cells:
                yield _record(path, begins, header, cells)
            begins = reader.line_num + 1
    except csv.Error:
        yield Problem(path.name, begins, "", "is no CSV row (RFC 4180)")


def _record(path: Path, number: int, header: list[str], cells: list[str]) -> Line | Problem:
    if len(cells) != len(header):
        return Problem(path.name, number, "", f"has {len(cells)} cells, the header has {len(header)}")
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return Problem(path.name, number, "", "is not UTF-8")
    given = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    line = Line(path.name, number, dict(given))
    try:
        shape = shape_of(line, path.stem)
    except BadValue:
        return line
    return Line(path.name, number, {name: _typed(cell, shape.properties.get(name)) for name, cell in given.items()})


def _typed(cell: str, schema: JsonSchema | None) -> Any:  # any JSON value; one that does not fit stays text
    type_ = None if schema is None else schema.get("type")
    try:
        if type_ == "boolean":
            return BOOLEANS.get(cell, cell)
        if type_ in ("integer", "number", "array", "object"):
            return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return cell
    return cell


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
