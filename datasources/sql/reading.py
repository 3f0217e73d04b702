"""Generated code: the rows of a statement's records, each made in one expression. A call a column would cost several times
as much as the driver takes for the record."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from datasources.sql.sealing import CustomerKey
from datasources.unread import UNREAD

Process = Callable[[Any], Any]
Keys = Mapping[UUID, CustomerKey | None]
Name = Callable[[int], str]
"""How generated code calls a value of a record, by its index."""


class Columns(msgspec.Struct, frozen=True):
    """What has to be done to the columns of a record, by their index.

    `processes` make of a driver's value what a row holds, `decoders` do where there is one, `members` are an enum's by
    the text that is stored. `sealed`
    names the fields that are opened with the key of the customer in column `owner`.
    """

    count: int
    processes: Mapping[int, Process]
    decoders: Mapping[int, Process]
    members: Mapping[int, Mapping[Any, Any]]
    sealed: Mapping[int, str]
    owner: int | None


class Known(msgspec.Struct, frozen=True):
    """What of a row is not selected, since who asked knows it: the owner whose list it is in. `at` is its place among the
    row's columns, `there` that of a column which is never null; `is_alone` where rows of one owner are asked for, else the
    first leading column is the position of the owner."""

    at: int
    there: int
    is_customer: bool
    is_alone: bool

    def value(self, position: str) -> str:
        """The expression of it, by that of the first leading column."""
        return "owners[0]" if self.is_alone else f"owners[{position}]"


class Reader:
    """Makes the rows of records: `leading` columns in front, then `make` of the others, which are what `fields` tells of
    its arguments; the first one is always there, unless it is one that is known."""

    def __init__(
        self,
        columns: Columns,
        make: Callable[..., Any],
        leading: int,
        fields: Sequence[bool] | None = None,
        known: Known | None = None,
    ) -> None:
        self._columns, self._known = columns, known
        self._names: dict[str, Any] = {"make": make, "opened": _opened, "unread": UNREAD}
        # Taken apart at once: an index into the driver's record costs more than a local name.
        each = f"for ({''.join(f'{_local(index)}, ' for index in range(columns.count))}) in records"
        plain, opened = self._values(is_opened=False), self._values(is_opened=True)
        front = "".join(f"{value}, " for value in plain[:leading])
        of_row, at = opened[leading:], leading
        if known is not None:
            of_row.insert(known.at, known.value(_local(0)))
            at += known.there
        if fields is not None:
            of_row = _spread(of_row, fields)
        row, is_there = f"make({', '.join(of_row)})", f"{_local(at)} is not None"
        self.read: Callable[[Collection[Any], Keys, Sequence[Any]], list[tuple[Any, ...]]] = self._compiled(
            "records, keys, owners", f"return [({front}{row} if {is_there} else None,) {each}]"
        )
        """(records, keys, owners) → leading columns and row of each, None for the row of an outer join that found nothing."""
        self.rows: Callable[[Collection[Any], Keys, Sequence[Any]], list[Any]] = self._compiled(
            "records, keys, owners", f"return [{row} {each} if {is_there}]"
        )
        """(records, keys, owners) → the rows alone, without those of an outer join that found nothing."""
        self.rows_of_each: Callable[[Collection[Any], Keys, Sequence[Any]], list[list[Any]]] = self._compiled(
            "records, keys, owners",
            "found = [[] for _ in owners]",
            f"{each}:",
            f"    if {is_there}: found[{_local(0)}].append({row})",
            "return found",
        )
        """(records, keys, owners) → the rows of each owner, whose position is the first leading column."""
        self.sealed_rows: Callable[[Collection[Any]], list[Any]] = self._compiled(
            "records", f"return [make({', '.join(plain)}) {each}]"
        )
        """The rows alone, made of all columns, sealed ones still sealed."""
        self.owners: Callable[[Collection[Any], Sequence[Any]], set[UUID]] | None = None
        """(records, owners) → the customers whose keys open something in the records; None where nothing is sealed."""
        owner = self._owner(_indexed)
        if columns.sealed and owner is not None:
            is_sealed = " or ".join(f"{_indexed(index)} is not None" for index in columns.sealed)
            self.owners = self._compiled("records, owners", f"return {{{owner} for r in records if {is_sealed}}}")

    def _owner(self, of: Name) -> str | None:
        """The expression of the customer whose a row is; None where it does not tell."""
        if self._known is not None and self._known.is_customer:
            return self._known.value(of(0))
        return None if self._columns.owner is None else self._value(self._columns.owner, of, is_opened=False)

    def _values(self, *, is_opened: bool) -> list[str]:
        return [self._value(index, _local, is_opened=is_opened) for index in range(self._columns.count)]

    def _value(self, index: int, of: Name, *, is_opened: bool) -> str:
        columns, value = self._columns, of(index)
        if index in columns.processes:
            self._names[f"p{index}"] = columns.processes[index]
            value = f"p{index}({value})"
        if index in columns.decoders:
            self._names[f"d{index}"] = columns.decoders[index]
            value = f"(None if {value} is None else d{index}({value}))"
        if index in columns.members:
            self._names[f"m{index}"] = columns.members[index]
            value = f"m{index}[{value}]"
        if is_opened and index in columns.sealed and (owner := self._owner(of)) is not None:
            value = f"(None if {value} is None else opened(keys, {owner}, {value}, {columns.sealed[index]!r}))"
        return value

    def _compiled(self, parameters: str, *lines: str) -> Any:  # a function of the names above
        body = "".join(f"    {line}\n" for line in lines)
        exec(f"def made({parameters}):\n{body}", self._names)  # noqa: S102  # made of numbers and column names
        return self._names.pop("made")


def _local(index: int) -> str:
    """The name that a value of a record has where the record is taken apart."""
    return f"r{index}"


def _indexed(index: int) -> str:
    """The value where it is not."""
    return f"r[{index}]"


def _spread(values: Iterable[str], fields: Sequence[bool]) -> list[str]:
    """The arguments of a row: the values where there is one."""
    following = iter(values)
    return [next(following) if is_there else "unread" for is_there in fields]


def _opened(keys: Keys, owner: UUID, value: bytes, field: str) -> str:
    """Sealed text in clear; empty where its key was destroyed."""
    key = keys.get(owner)
    return key.open(value, field) if key is not None and value else ""
