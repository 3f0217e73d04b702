"""Segments as clients see them."""

import datetime as dt

from datasources import segments as rows
from datasources.registry import Domain
from resolvers import segments
from schema.connections import page_type
from schema.enums import enum
from schema.fields import connection
from schema.values import Actor
from schema.views import Node, view

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
