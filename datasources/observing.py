"""What one call to a source sent, for whoever asks to have the call explained."""

from collections.abc import Iterable
from contextvars import ContextVar

import msgspec


class Observed(msgspec.Struct):
    """The statements of a call, and the names of the columns that they select, each once in the order selected."""

    statements: int = 0
    columns: dict[str, None] = {}

    def sent(self, columns: Iterable[str]) -> None:
        """Count a statement."""
        self.statements += 1
        self.columns.update(dict.fromkeys(columns))


OBSERVED: ContextVar[Observed | None] = ContextVar("observed", default=None)
"""What the running call is told to; None where nobody asked for it."""
