"""How what the gateway itself did becomes an event of the stream, and how events are found again."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from datasources.events import Filled, joined
from datasources.folding import fold
from datasources.ids import EntityId
from datasources.program import EventType, PlatformView, ProgramSettings

SOURCE = "customer-graph"

Facts = Mapping[str, str | int | None]


class Happened(msgspec.Struct, frozen=True):
    """An event in the making: its type, facts that may outlive the person, what they refer to, and when it happened: left
    out, now."""

    type: str
    facts: Facts
    reference_id: EntityId | None = None
    occurred_at: dt.datetime | None = None


class SearchTexts:
    """What events are found by: their labels, then title and summary as far as their facts fill them."""

    def __init__(self, program: ProgramSettings) -> None:
        self._program = program
        self._templates: dict[str, Filled] = {}

    def of(self, type_: str, facts: Facts) -> str:
        """What an event of the type is found by."""
        return fold((self._templates.get(type_) or self._template(type_))(facts))

    def _template(self, type_: str) -> Filled:
        known = next((one for one in self._program.event_types if one.key == type_), None)
        of = known or EventType(type_, type_, type_, PlatformView(type_, ""))
        labels = f"{of.label} {self._program.event_category(of.category).label}"
        found = self._templates[type_] = joined(labels, of.platform_view.title, of.platform_view.summary)
        return found


def search_text(program: ProgramSettings, type_: str, facts: Facts) -> str:
    """What one event is found by."""
    return SearchTexts(program).of(type_, facts)
