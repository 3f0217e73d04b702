"""The parts of a plan: selections of fields, and how a value of each kind of type becomes its part of the answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from graphql import FieldNode, GraphQLError, GraphQLLeafType, Undefined

from gateway.plan.positions import Places, Position
from gateway.plan.projection import Reads, all_of
from gateway.plan.run import Complete, Run

if TYPE_CHECKING:
    from gateway.plan.quick import Written

AT_ONCE = (list, tuple)
"""What a list is made of without a look at what can be iterated."""
Quick = Callable[[Any, Any], dict[str, Any]]
"""(row, context) → the object of the answer, with null in the places of what is resolved later."""
Each = Callable[[Sequence[Any], Any], list[dict[str, Any]]]
"""(rows, context) → the object of each."""
Resolve = Callable[[Any, Run], Any]
"""(row, run) → the value, or an awaitable of it."""


class OfEach(Protocol):
    """How a field is asked for many rows at once."""

    def begin(
        self, run: Run, field: "Field", rows: Sequence[Any], holders: Sequence[dict[str, Any]], at: Places
    ) -> bool:
        """Ask for all rows, and complete the field in their objects when the answer is there. False where each row has to
        be asked for by itself, which tells what is wrong with it."""
        ...


class Later(Protocol):
    """What comes into an object later than what its row tells at once."""

    @property
    def is_for_many(self) -> bool:
        """True where many rows are better asked for at once."""
        ...

    def start(self, run: Run, row: Any, holder: dict[str, Any], around: Position) -> None:
        """Resolve it into the object of a row, which stands at `around`."""
        ...

    def start_each(self, run: Run, rows: Sequence[Any], holders: Sequence[dict[str, Any]], around: Places) -> None:
        """The same of many rows, whose objects stand at `around`."""
        ...


class Field:
    """A field of a selection: resolved, then completed in its place."""

    __slots__ = ("ahead", "complete", "is_nullable", "key", "nodes", "of_each", "reads", "resolve")

    def __init__(self, key: str, nodes: Sequence[FieldNode], *, is_nullable: bool) -> None:
        self.key, self.nodes, self.is_nullable = key, nodes, is_nullable
        self.ahead: Any = None
        """How it is asked for before its row is there (`gateway.plan.ahead`); None where it has to wait."""
        self.of_each: OfEach | None = None
        self.reads: Reads = None
        """Which attributes of its row it reads; None where it may be any."""
        self.resolve: Resolve
        self.complete: Complete

    def start(self, run: Run, row: Any, holder: dict[str, Any], around: Position) -> None:
        """Resolve the field of a row into the object that stands at `around`; what goes wrong is told at its path."""
        position = Position(around, holder, self.key, is_nullable=self.is_nullable)
        try:
            value = self.resolve(row, run)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the error of this field
            run.fail(position, error, self.nodes)
        else:
            run.take(value, self, position)

    @property
    def is_for_many(self) -> bool:
        """See Later."""
        return self.of_each is not None

    def start_each(self, run: Run, rows: Sequence[Any], holders: Sequence[dict[str, Any]], around: Places) -> None:
        """See Later."""
        if self.of_each is None or not self.of_each.begin(run, self, rows, holders, around):
            for index, row in enumerate(rows):
                self.start(run, row, holders[index], around.at(index))


class Within:
    """An object that is written together with the one around it: what comes into it later."""

    __slots__ = ("_field", "_selection")

    def __init__(self, field: Field, selection: "Selection") -> None:
        self._field, self._selection = field, selection

    @property
    def is_for_many(self) -> bool:
        """See Later."""
        return self._selection.is_for_many

    def start(self, run: Run, row: Any, holder: dict[str, Any], around: Position) -> None:
        """See Later."""
        field = self._field
        made = holder[field.key]
        if made is not None:
            at = Position(around, holder, field.key, is_nullable=field.is_nullable)
            self._selection.start_later(run, field.resolve(row, run), made, at)

    def start_each(self, run: Run, rows: Sequence[Any], holders: Sequence[dict[str, Any]], around: Places) -> None:
        """See Later."""
        field, resolve = self._field, self._field.resolve
        there = [index for index, holder in enumerate(holders) if holder[field.key] is not None]

        def place(index: int) -> Position:
            at = there[index]
            return Position(around.at(at), holders[at], field.key, is_nullable=field.is_nullable)

        within = [resolve(rows[index], run) for index in there]
        self._selection.start_each(run, within, [holders[index][field.key] for index in there], Places(place))


class Selection:
    """The fields selected of an object type.

    `quick` writes all that rows tell at once in one expression and leaves the others null; it raises where a value is
    not as expected. Then every field is taken by itself, so that each tells what is wrong with it.
    """

    __slots__ = ("_blank", "_each", "_for_many", "_one_by_one", "_quick", "fields", "later", "written")

    def __init__(
        self,
        keys: Iterable[str],
        fields: Sequence[Field],
        later: Sequence[Later],
        constants: Mapping[str, str],
        written: "Written",
    ) -> None:
        self.fields, self.later, self.written = fields, later, written
        self._for_many = [one for one in later if one.is_for_many]
        self._one_by_one = [one for one in later if not one.is_for_many]
        self._blank: dict[str, Any] = {**dict.fromkeys(keys), **constants}
        self._quick: Quick | None = None
        self._each: Each | None = None

    @property
    def reads(self) -> Reads:
        """Which attributes of its row the fields read."""
        return all_of(field.reads for field in self.fields)

    @property
    def quick(self) -> Quick:
        """The object of one row; compiled when it is first needed."""
        if self._quick is None:
            self._quick = self.written.one()
        return self._quick

    @property
    def each(self) -> Each:
        """The objects of rows, each as `quick` writes it; compiled when it is first needed."""
        if self._each is None:
            self._each = self.written.each()
        return self._each

    def compile(self, *, is_listed: bool) -> None:
        """Have the function compiled that it will be completed by, before a request needs it."""
        _ = self.each if is_listed else self.quick

    def complete(self, run: Run, row: Any, position: Position) -> None:
        """Put the object of a row, which is there, in its place."""
        later: Sequence[Later] = self.later
        try:
            made = (self._quick or self.quick)(row, run.context)
        except Exception:  # noqa: BLE001  # told by the field that it belongs to
            made, later = self._blank.copy(), self.fields
        position.put(made)
        for one in later:
            one.start(run, row, made, position)

    @property
    def is_for_many(self) -> bool:
        """True where a field of it is better asked for many rows at once."""
        return bool(self._for_many)

    def start_later(self, run: Run, row: Any, made: dict[str, Any], position: Position) -> None:
        """Start what comes later into the object of a row."""
        for one in self.later:
            one.start(run, row, made, position)

    def start_each(self, run: Run, rows: Sequence[Any], made: Sequence[dict[str, Any]], places: Places) -> None:
        """The same of many rows."""
        if self._one_by_one:
            for index, row in enumerate(rows):
                at = places.at(index)
                for one in self._one_by_one:
                    one.start(run, row, made[index], at)
        for one in self._for_many:
            one.start_each(run, rows, made, places)

    def blank(self) -> dict[str, Any]:
        """An object with every field null, in their order."""
        return self._blank.copy()


def leaf(type_: GraphQLLeafType) -> Complete:
    """Completes scalars and enums (specification 6.4.3, "coercing results")."""
    coerce = type_.coerce_output_value

    def complete(_run: Run, value: Any, position: Position) -> None:
        if value is None or value is Undefined:
            position.put(None)
            return
        told = _raised(value)
        made = coerce(told)
        if made is None or made is Undefined:
            raise TypeError(
                f"Expected `{type_}.coerce_output_value()` to return non-nullable value, returned: {made!r}"
            )
        position.put(made)

    return complete


def an_object(selection: Selection) -> Complete:
    """Completes objects of one type."""

    def complete(run: Run, value: Any, position: Position) -> None:
        if value is None or value is Undefined:
            position.put(None)
        else:
            selection.complete(run, _raised(value), position)

    return complete


def one_of(name_of: Callable[[Any, Run], str], selection_of: Callable[[str], Selection]) -> Complete:
    """Completes objects of an interface or union, by the type that each row turns out to be."""

    def complete(run: Run, value: Any, position: Position) -> None:
        if value is None or value is Undefined:
            position.put(None)
        else:
            selection_of(name_of(_raised(value), run)).complete(run, value, position)

    return complete


def present(complete_present: Complete, coordinate: str) -> Complete:
    """Completes what must not be null."""

    def complete(run: Run, value: Any, position: Position) -> None:
        if value is None or value is Undefined:
            raise TypeError(f"Cannot return null for non-nullable field {coordinate}.")
        complete_present(run, value, position)

    return complete


class Items:
    """Completes lists, item by item (specification 6.4.3): one item that fails leaves the others in their places."""

    __slots__ = ("_coordinate", "_is_nullable", "complete", "nodes")

    def __init__(self, item: Complete, nodes: Sequence[FieldNode], coordinate: str, *, is_nullable: bool) -> None:
        self.complete, self.nodes, self._coordinate, self._is_nullable = item, nodes, coordinate, is_nullable

    def __call__(self, run: Run, value: Any, position: Position) -> None:
        """Put the list in its place, then its items in theirs."""
        if value is None or value is Undefined:
            position.put(None)
            return
        given = self.listed(value)
        made: list[Any] = [None] * len(given)
        position.put(made)
        for index, item in enumerate(given):
            run.take(item, self, Position(position, made, index, is_nullable=self._is_nullable))

    def listed(self, value: Any) -> Sequence[Any]:
        """The items of what a resolver gave as a list. Raises GraphQLError."""
        if value.__class__ in AT_ONCE:
            return value
        if isinstance(_raised(value), Iterable) and not isinstance(value, (str, bytes, Mapping)):
            return list(value)
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{self._coordinate}'.")


class Objects(Items):
    """Completes lists of objects of one type: what their rows tell at once in one pass over them."""

    __slots__ = ("_selection",)

    def __init__(
        self, selection: Selection, item: Complete, nodes: Sequence[FieldNode], coordinate: str, *, is_nullable: bool
    ) -> None:
        super().__init__(item, nodes, coordinate, is_nullable=is_nullable)
        self._selection = selection

    def __call__(self, run: Run, value: Any, position: Position) -> None:
        """As for any list."""
        if value.__class__ not in AT_ONCE:
            super().__call__(run, value, position)
            return
        try:
            made = self._selection.each(value, run.context)
        except Exception:  # noqa: BLE001  # told by the item and field that it belongs to
            super().__call__(run, value, position)
            return
        position.put(made)
        if self._selection.later:
            is_nullable = self._is_nullable
            places = Places(lambda index: Position(position, made, index, is_nullable=is_nullable))
            self._selection.start_each(run, value, made, places)


def _raised(value: Any) -> Any:
    """The value; one that is an exception is raised, as graphql-core does."""
    if isinstance(value, Exception):
        raise value
    return value
