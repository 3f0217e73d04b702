"""A customer's event stream: events with their facts, their search text, and what they tell of engagement."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from datasources.folding import fold
from datasources.ids import EntityId
from datasources.importing.demo_event_types import CATEGORIES, EVENT_TYPES
from datasources.ingesting import is_activity
from datasources.program import EventType
from datasources.sql.tables.events import event_keys, events

from .household import SOURCE, Household

TYPES: dict[str, EventType] = {event_type.key: event_type for event_type in EVENT_TYPES}
LABELS = {category.key: category.label for category in CATEGORIES}

INTERACTIONS = frozenset(type_.key for type_ in EVENT_TYPES if is_activity(type_))
"""What the customer did himself; what the program did (points, tiers, tags, messages) is no interaction."""

Facts = Mapping[str, object]


class Stream:
    """Records the events of one household."""

    def __init__(self, household: Household) -> None:
        self._household = household
        self.interactions: list[dt.datetime] = []

    def record(
        self,
        type_: str,
        at: dt.datetime,
        key: str,
        facts: Facts,
        *,
        reference: EntityId | None = None,
        attributes: Facts | None = None,
        channel: str = "GATEWAY",
    ) -> None:
        """One event, unique by `key`; `attributes` is all it told, kept sealed, `facts` what may outlive the person."""
        identity = {"source": SOURCE, "source_event_id": f"{self._household.number}:{key}"}
        event_id = self._household.id(at, "event", key)
        self._household.own(
            events,
            id=event_id,
            type=type_,
            occurred_at=at,
            recorded_at=at,
            channel=channel,
            reference_id=reference,
            facts=facts,
            attributes=self._sealed(attributes),
            search_text=search_text(type_, facts),
            **identity,
        )
        self._household.own(event_keys, event_id=event_id, **identity)
        if type_ in INTERACTIONS:
            self.interactions.append(at)

    def _sealed(self, attributes: Facts | None) -> bytes | None:
        if attributes is None:
            return None
        return self._household.seal(msgspec.json.encode(attributes).decode(), "events.attributes")


def search_text(type_: str, facts: Facts) -> str:
    """What an event is found by: its labels, then title and summary as far as facts, never attributes, fill them."""
    shown = defaultdict(str, {name: value for name, value in facts.items() if value is not None})
    if "total_minor" in facts:
        shown["total"] = f"{int(str(facts['total_minor'])) / 100:.2f} {facts['currency']}"
    title, summary = _views(type_)
    return f"{_labels(type_)} {_folded(title.format_map(shown))} {_folded(summary.format_map(shown))}".rstrip()


@lru_cache
def _labels(type_: str) -> str:
    return fold(f"{TYPES[type_].label} {LABELS[TYPES[type_].category]}")


@lru_cache
def _views(type_: str) -> tuple[str, str]:
    view = TYPES[type_].platform_view
    return view.title, view.summary


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    return fold(text)
