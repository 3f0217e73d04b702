"""What a batch computed about a customer (1.G)."""

import datetime as dt
from collections.abc import Awaitable, Sequence

from datasources.errors import InvalidRequest
from datasources.ids import OfCustomer
from datasources.metrics import CustomerMetricsRow, Engagement, ProductAffinity, Rfm, RfmWindow
from resolvers.context import Context

MOST_AFFINITIES = 200


def metrics(customer: OfCustomer, context: Context) -> Awaitable[CustomerMetricsRow | None]:
    """The figures of the last batch; None before there was one."""
    return context.load(context.sources.metrics.metrics, customer.customer_id)


def is_stale(row: CustomerMetricsRow, context: Context) -> bool:
    """True when the batch is older than the program allows (G11)."""
    return context.now - row.computed_at > dt.timedelta(hours=context.settings.metrics_stale_after_hours)


def rfm(row: CustomerMetricsRow, _context: Context, window: RfmWindow) -> Rfm | None:
    """Recency, frequency and monetary value in a window (G6)."""
    return row.rfm(window)


def engagement(row: CustomerMetricsRow, _context: Context, window: RfmWindow) -> Engagement | None:
    """Interactions in a window."""
    return row.engagement(window)


def product_affinities(
    row: CustomerMetricsRow, _context: Context, first: int | None = None
) -> Sequence[ProductAffinity]:
    """The products most likely bought again, likeliest first. Raises InvalidRequest."""
    wanted = 5 if first is None else first
    if not 1 <= wanted <= MOST_AFFINITIES:
        raise InvalidRequest(f"`first` is a number from 1 to {MOST_AFFINITIES}.", "first")
    likeliest = sorted(row.metrics.product_affinities, key=lambda affinity: (-affinity.probability, affinity.sku))
    return likeliest[:wanted]
