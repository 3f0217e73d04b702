"""What is wrong with a file: where, and why, in words that hold nothing personal."""

import msgspec

SHOWN = 100
"""How many bad rows are listed; all are counted."""


class Problem(msgspec.Struct, frozen=True, order=True):
    """A bad row: file, line from 1, column (a JSON pointer, or the name of a CSV column), and the reason."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


class Problems:
    """The bad rows of a run: the first `SHOWN` that were found, and how many there are."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self.total = 0

    def add(self, problem: Problem) -> None:
        """One more."""
        self.total += 1
        if len(self._found) < SHOWN:
            self._found.append(problem)

    @property
    def listed(self) -> tuple[Problem, ...]:
        """Those that are listed, by file and line."""
        return tuple(sorted(self._found))

    def __bool__(self) -> bool:
        return self.total > 0


class BadValue(Exception):
    """A value of a row that can't be loaded; `path` leads to it from the row."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
