"""What a fold over rows comes to: rows that histories gain, and projections that are written anew."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Delete, Table, Update

from .entry import Entry, Made
from .problems import BadValue


class Folded:
    """Rows that were made of entries, projections to be replaced for customers, and what could not be folded."""

    def __init__(self) -> None:
        self.made: list[tuple[Entry, Made]] = []
        self.replaced: dict[Table, Sequence[UUID]] = {}
        self.projected: list[Made] = []
        self.updates: list[Update | Delete] = []
        self.faults: list[tuple[Entry, BadValue]] = []
