"""What one call to a source sent, for whoever asks to have the call explained."""

from collections.abc import Iterable
from contextvars import ContextVar

import msgspec


class Observed(msgspec.Struct):
    """The statements of a call, the names of the columns that they select, each once in the order selected, and for how
    many of its keys a cache had the answer."""

    statements: int = 0
    columns: dict[str, None] = {}
    found: int = 0

    def sent(self, columns: Iterable[str]) -> None:
        """Count a statement."""
        self.statements += 1
        self.columns.update(dict.fromkeys(columns))


OBSERVED: ContextVar[Observed | None] = ContextVar("observed", default=None)
"""What the running call is told to; None where nobody asked for it."""
