"""What a batch computed about each customer, and about the base they are compared with."""

from datasources.metrics import MetricsDocument
from datasources.sql.types import Document, Instant

from ._build import owned, required

customer_metrics = owned(
    "customer_metrics",
    required("computed_at", Instant()),
    required("metrics", Document(MetricsDocument)),
    key=(),
)
"""Everything of `CustomerMetrics` that a batch computes, as one document."""
