"""What happens around a source that operators count."""

from collections.abc import Callable
from enum import Enum


class Happening(Enum):
    """Something that the limits around a source did."""

    RETRIED = "retried"
    TIMED_OUT = "timed_out"
    CROWDED_OUT = "crowded_out"
    """A call was refused since too many were running."""
    CUT_OFF = "cut_off"
    """A call was refused since the breaker is open."""
    SERVED_STALE = "served_stale"
    OPENED = "opened"
    PROBED = "probed"
    CLOSED = "closed"


Note = Callable[[str, Happening], None]
"""Is told the source's name and what happened."""


def unnoted(_source: str, _happening: Happening) -> None:
    """Nobody counts."""
