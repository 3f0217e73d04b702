"""What a batch computed about a customer, and how it compares with the base."""

import datetime as dt
from enum import Enum

import msgspec


class RfmWindow(Enum):
    """Trailing windows, half-open, UTC (G6)."""

    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_30_DAYS = "LAST_30_DAYS"
    LIFETIME = "LIFETIME"


class AffinityLevel(Enum):
    """A probability in words: LOW below 0.2, HIGH from 0.5 (G7)."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class RankedMetricFigures(msgspec.Struct, frozen=True):
    """A value with its rank (1 = highest, ties share it) among `base_size` customers."""

    value: float
    rank: int
    percentile: float
    base_size: int
    projected_revenue_minor: int | None = None


class RfmFigures(msgspec.Struct, frozen=True):
    """Recency, frequency and monetary value in a window, with the base's medians."""

    frequency: int
    monetary_minor: int
    median_frequency: float
    median_monetary_minor: int
    recency_days: int | None = None
    median_recency_days: float | None = None


class EngagementFigures(msgspec.Struct, frozen=True):
    """Interactions of any kind in a window, with the base's median."""

    interactions: int
    median_interactions: float
    recency_days: int | None = None


class ProductAffinity(msgspec.Struct, frozen=True):
    """How likely a customer is to buy a product again."""

    sku: str
    name: str
    probability: float
    level: AffinityLevel


class ExternalMetric(msgspec.Struct, frozen=True):
    """A statistic of another provider (A14)."""

    provider: str
    name: str
    value: float
    computed_at: dt.datetime


class MetricsDocument(msgspec.Struct, frozen=True):
    """Everything that a batch computes about one customer; money in minor units of `currency`."""

    currency: str
    rfm: dict[str, RfmFigures]
    engagement: dict[str, EngagementFigures]
    product_affinities: tuple[ProductAffinity, ...] = ()
    clv: RankedMetricFigures | None = None
    churn_risk: RankedMetricFigures | None = None
    propensity_to_spend: RankedMetricFigures | None = None
    lifetime_spend_minor: int | None = None
    average_basket_minor: int | None = None
    days_since_last_purchase: int | None = None
    external: tuple[ExternalMetric, ...] = ()
