"""Computed figures as clients see them."""

import datetime as dt

from datasources import metrics as rows
from datasources.registry import Domain
from resolvers import metrics
from schema.enums import enum
from schema.fields import argument, lookup
from schema.values import Money
from schema.views import view

READ = "metrics:read"

enum(
    rows.RfmWindow,
    LAST_7_DAYS="The seven days before the figures were computed.",
    LAST_30_DAYS="The thirty days before the figures were computed.",
    LIFETIME="Since the customer joined.",
)
enum(
    rows.AffinityLevel,
    LOW="Unlikely: a probability below 0.2.",
    MEDIUM="Possible: a probability from 0.2 to below 0.5.",
    HIGH="Likely: a probability of 0.5 or more.",
)


@view(rows.RankedMetric)
class RankedMetric:
    """A figure, and how it compares with that of all live customers who are no test personas."""

    value: float
    """The figure."""
    rank: int
    """1 is the highest; equal figures share a rank."""
    percentile: float
    """0 to 100: how many per cent of the base are not higher."""
    base_size: int
    """How many customers are compared."""
    projected_revenue: Money | None
    """What the customer will spend over a lifetime, where the figure tells that."""


@view(rows.Rfm)
class Rfm:
    """How recently, how often and for how much a customer bought in a window, beside the medians of the base."""

    window: rows.RfmWindow
    """Which window."""
    recency_days: int | None
    """Whole days since the last purchase; null without one in the window."""
    frequency: int
    """Number of purchases."""
    monetary: Money
    """What they came to, net of returns."""
    median_recency_days: float | None
    """The base's median, customers without a purchase left out."""
    median_frequency: float
    """The base's median; no purchase counts as 0."""
    median_monetary: Money
    """The base's median; no purchase counts as 0."""


@view(rows.Engagement)
class Engagement:
    """Interactions of any kind in a window, beside the median of the base."""

    window: rows.RfmWindow
    """Which window."""
    interactions: int
    """How many."""
    recency_days: int | None
    """Whole days since the last; null without one in the window."""
    median_interactions: float
    """The base's median."""


@view(rows.ProductAffinity)
class ProductAffinity:
    """How likely the customer is to buy a product again."""

    sku: str
    """Id of the product."""
    name: str
    """What it is called."""
    probability: float
    """0 to 1."""
    level: rows.AffinityLevel
    """The probability in a word."""


@view(rows.ExternalMetric)
class ExternalMetric:
    """A statistic of another provider."""

    provider: str
    """Who computed it."""
    name: str
    """What it is called there."""
    value: float
    """The figure."""
    computed_at: dt.datetime
    """When it was computed."""


WINDOW = argument("window", rows.RfmWindow, "Which window.", default=rows.RfmWindow.LIFETIME)


@view(rows.CustomerMetricsRow, requires=READ)
class CustomerMetrics:
    """What the last batch computed about a customer."""

    computed_at: dt.datetime
    """When the batch ran."""
    is_stale = lookup(bool, metrics.is_stale)
    """True when the batch is older than the program allows."""
    clv: RankedMetric | None
    """Customer lifetime value; rank 1 is the most valuable."""
    churn_risk: RankedMetric | None
    """Probability of leaving; rank 1 is the most at risk."""
    rfm = lookup(Rfm | None, metrics.rfm, WINDOW)
    """Recency, frequency and monetary value of purchases."""
    product_affinities = lookup(
        list[ProductAffinity] | None,
        metrics.product_affinities,
        argument("first", int | None, "How many at most, 1 to 200.", default=5),
    )
    """What the customer is likely to buy, likeliest first."""
    lifetime_spend: Money | None
    """All that was spent, net of returns."""
    average_basket: Money | None
    """The mean basket, returned ones left out."""
    days_since_last_purchase: int | None
    """Whole days between the last purchase and the batch."""
    propensity_to_spend: RankedMetric | None
    """Probability of a purchase in the next 30 days."""
    engagement = lookup(Engagement | None, metrics.engagement, WINDOW)
    """Interactions of any kind, and days since the last."""
    external: list[ExternalMetric]
    """Statistics of other providers, such as social listening."""


class MetricFields:
    """What a customer shows of computed figures."""

    metrics = lookup(CustomerMetrics | None, metrics.metrics, requires=READ, domain=Domain.METRICS)
    """Computed figures; null before the first batch."""
