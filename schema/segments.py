"""Segments as clients see them."""

import datetime as dt

import strawberry

from datasources import segments as rows
from datasources.registry import Domain
from resolvers import segments
from schema.audit import Audited
from schema.commands import Explained, Payload, Repeatable
from schema.connections import page_type
from schema.enums import enum
from schema.fields import command, connection, lookup
from schema.values import Actor
from schema.views import Node, values, view

SEGMENTS = Domain.SEGMENTS
READ = "segments:read"

enum(
    rows.SegmentKind,
    MANUAL="Staff decide who is in it.",
    RULE="A rule decides who is in it.",
)


@view(rows.SegmentRow, requires=READ, key=("id",), find=segments.segment)
class Segment(Node):
    """A group of customers, the target of campaigns, messages and offers."""

    key: str
    """Key of the segment."""
    name: str
    """What the program calls it."""
    kind: rows.SegmentKind
    """Who decides on its members."""
    is_test: bool
    """True for a segment that trials are run on."""


@view(rows.SegmentMembershipRow, requires=READ)
class SegmentMembership:
    """A segment that a customer is in."""

    segment: Segment
    """The segment."""
    since: dt.datetime
    """When the customer came into it."""
    added_by: Actor | None
    """Who, or what rule, put the customer into it."""
    variant: str | None
    """Which variant of a test the customer gets."""


SegmentConnection = page_type("Segment", Segment, "segments")
SegmentMembershipConnection = page_type("SegmentMembership", SegmentMembership, "memberships of segments")


class SegmentQueries:
    """What segments there are."""

    segments = connection(SegmentConnection, segments.segments, requires=READ, served_by=SEGMENTS)
    """The program's segments, by key."""


class SegmentFields:
    """What a customer shows of segments."""

    segments = connection(SegmentMembershipConnection, segments.memberships, requires=READ, domain=SEGMENTS)
    """Segments that the customer is in, last entered first."""


@values(segments.SegmentMemberInput)
class SegmentMemberInput(Repeatable, Explained):
    """Which customer, and which segment."""

    customer_id: strawberry.ID
    """Who comes into it, or leaves it."""
    segment_id: strawberry.ID
    """A segment that staff decide on."""


@view(segments.SegmentPayload)
class SegmentPayload(Audited, Payload):
    """What came of a change of segments."""

    membership = lookup(SegmentMembership | None, segments.written_membership)
    """The membership as it is now; null for who is not in the segment."""


NAMED = {"customer_id": "Customer", "segment_id": "Segment"}


class SegmentMutations:
    """Changes of segments."""

    segment_member_add = command(
        SegmentPayload,
        segments.add_member,
        SegmentMemberInput,
        ids=NAMED,
        requires="segments:manage",
        written_by=SEGMENTS,
    )
    """Put a customer into a segment that staff decide on."""
    segment_member_remove = command(
        SegmentPayload,
        segments.remove_member,
        SegmentMemberInput,
        ids=NAMED,
        requires="segments:manage",
        written_by=SEGMENTS,
    )
    """Take a customer out of a segment that staff decide on."""
