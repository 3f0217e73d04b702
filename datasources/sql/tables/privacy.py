"""Requests under privacy law."""

from sqlalchemy import Index

from datasources.privacy import ExportFile, PrivacyStep
from datasources.sql.types import Document, Id, Instant

from ._build import actor, keyword, optional, required, shared

privacy_requests = shared(
    "privacy_requests",
    optional("customer_id", Id()),
    keyword("type"),
    keyword("state"),
    required("submitted_at", Instant()),
    optional("completed_at", Instant()),
    *actor("requested_by", nullable=False),
    required("steps", Document(tuple[PrivacyStep, ...])),
    required("files", Document(tuple[ExportFile, ...])),
)
"""`customer_id` is null once the customer is forgotten; the request stays."""
Index("ix_privacy_requests_submitted", privacy_requests.c.submitted_at, privacy_requests.c.id)
Index(
    "ix_privacy_requests_customer",
    privacy_requests.c.customer_id,
    privacy_requests.c.submitted_at,
    privacy_requests.c.id,
)
