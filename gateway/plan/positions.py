"""Where a value stands in the answer: put it there, tell its path, or let a null spread from it."""

from collections.abc import Callable
from typing import Any


class Position:
    """A place in the answer: under `key` of `holder`, the dict or list that stands at `around`.

    Made for what can fail or comes later alone; what a selection writes at once has none.
    """

    __slots__ = ("_is_nulled", "around", "holder", "is_nullable", "key")

    def __init__(self, around: "Position | None", holder: Any, key: str | int, *, is_nullable: bool) -> None:
        self.around, self.holder, self.key, self.is_nullable = around, holder, key, is_nullable
        self._is_nulled = False

    @classmethod
    def of_data(cls) -> "Position":
        """The place of the answer's `data`, which has no path."""
        return cls(None, [None], 0, is_nullable=True)

    def put(self, value: Any) -> None:
        """Put the value there. It may still be filled, and replaced by a null that spreads."""
        self.holder[self.key] = value

    def path(self) -> list[str | int]:
        """The keys from the answer's `data` to here."""
        keys: list[str | int] = []
        at = self
        while at.around is not None:
            keys.append(at.key)
            at = at.around
        return keys[::-1]

    def null(self) -> None:
        """Null this place, or the nearest around it that may be null (specification 6.4.4)."""
        at = self
        while not at.is_nullable and at.around is not None:
            at = at.around
        at.holder[at.key] = None
        at._is_nulled = True  # of the same class

    def is_nulled(self) -> bool:
        """True where a null that spread has taken this place already: nothing that goes wrong in it is told any more."""
        at: Position | None = self
        while at is not None:
            if at._is_nulled:  # of the same class
                return True
            at = at.around
        return False


class Places:
    """The places of many values, each made when it is needed, and only once: a null that spreads is told to all in it."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[int], Position]) -> None:
        self._make = make
        self._made: dict[int, Position] = {}

    def at(self, index: int) -> Position:
        """The place of the value with this index."""
        found = self._made.get(index)
        if found is None:
            found = self._made[index] = self._make(index)
        return found
