"""How what the gateway itself did becomes an event of the stream, and how events are found again."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from datasources.events import rendered
from datasources.folding import fold
from datasources.ids import EntityId
from datasources.program import EventType, PlatformView, ProgramSettings

SOURCE = "customer-graph"

Facts = Mapping[str, str | int | None]


class Happened(msgspec.Struct, frozen=True):
    """An event in the making: its type, facts that may outlive the person, and what they refer to."""

    type: str
    facts: Facts
    reference_id: EntityId | None = None


def search_text(program: ProgramSettings, type_: str, facts: Facts) -> str:
    """What an event is found by: its labels, then title and summary as far as its facts fill them."""
    known = next((one for one in program.event_types if one.key == type_), None)
    shown = known or EventType(type_, type_, type_, PlatformView(type_, ""))
    told = defaultdict(str, {name: value for name, value in facts.items() if value is not None})
    view = shown.platform_view
    parts = (shown.label, program.event_category(shown.category).label, rendered(view.title, told))
    return fold(" ".join((*parts, rendered(view.summary, told))))
