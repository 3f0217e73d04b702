"""The event stream, and events that no customer could be found for."""

from sqlalchemy import Index, Text

from datasources.sql.types import Document, Id, Instant, Sealed

from ._build import by, keyword, optional, owned, required, shared

events = owned(
    "events",
    keyword("type"),
    required("occurred_at", Instant()),
    required("recorded_at", Instant()),
    keyword("channel"),
    keyword("source"),
    keyword("source_event_id"),
    # What the typed details refer to: a purchase, a ledger entry, a customer's offer.
    optional("reference_id", Id()),
    # Facts that may stay after forgetting: amounts, keys, dates.
    required("facts", Document(dict[str, object])),
    # Everything else the event told, as sealed JSON.
    optional("attributes", Sealed()),
    # Folded summary without personal text, for `events(search:)`.
    required("search_text", Text()),
)
by(events, "occurred_at")
by(events, "type", "occurred_at")

event_keys = shared(
    "event_keys",
    keyword("source"),
    keyword("source_event_id"),
    required("customer_id", Id()),
    required("event_id", Id()),
    key=("source", "source_event_id"),
)
"""Every event is stored once by (source, source_event_id)."""

unmatched_events = shared(
    "unmatched_events",
    keyword("type"),
    required("occurred_at", Instant()),
    required("received_at", Instant()),
    keyword("source"),
    keyword("source_event_id"),
    required("reason", Text()),
    keyword("channel"),
    # Keyed hash of the identifier it came with: found again when that identifier appears.
    keyword("match_hash"),
    # All that it told, sealed by the row's own key: it may tell of a person whom nobody knows yet.
    required("payload", Sealed()),
)
"""Each once by (source, source_event_id), and never beside an event of that key."""
Index("ux_unmatched_events_source", unmatched_events.c.source, unmatched_events.c.source_event_id, unique=True)
Index("ix_unmatched_events_received", unmatched_events.c.received_at, unmatched_events.c.id)
Index("ix_unmatched_events_match", unmatched_events.c.match_hash)

suppressed_identifiers = shared(
    "suppressed_identifiers",
    keyword("match_hash"),
    required("since", Instant()),
    key=("match_hash",),
)
"""Keyed hashes of the identifiers of persons who were forgotten: what comes in of before they were registered anew is theirs."""
