"""Segments and their members."""

from sqlalchemy import Boolean, Index, Text

from datasources.sql.types import Id, Instant

from ._build import actor, keyword, owned, required, shared

segments = shared(
    "segments",
    keyword("key"),
    required("name", Text()),
    keyword("kind"),
    required("is_test", Boolean()),
    required("created_at", Instant()),
)
Index("ux_segments_key", segments.c.key, unique=True)

segment_members = owned(
    "segment_members",
    required("segment_id", Id()),
    required("since", Instant()),
    *actor("added_by"),
    keyword("variant", nullable=True),
    key=("segment_id",),
)
Index("ix_segment_members_since", segment_members.c.customer_id, segment_members.c.since, segment_members.c.segment_id)
Index("ix_segment_members_segment", segment_members.c.segment_id, segment_members.c.customer_id)
