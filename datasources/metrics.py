"""What a batch computed about a customer, and how it compares with the base."""

import datetime as dt
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from datasources.ids import CustomerId
from datasources.values import Money


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


class RankedMetric(msgspec.Struct, frozen=True):
    """A ranked value whose revenue has its currency."""

    value: float
    rank: int
    percentile: float
    base_size: int
    projected_revenue: Money | None


class Rfm(msgspec.Struct, frozen=True):
    """Recency, frequency and monetary value of one window (G5)."""

    window: RfmWindow
    recency_days: int | None
    frequency: int
    monetary: Money
    median_recency_days: float | None
    median_frequency: float
    median_monetary: Money


class Engagement(msgspec.Struct, frozen=True):
    """Interactions of one window (G1)."""

    window: RfmWindow
    interactions: int
    recency_days: int | None
    median_interactions: float


class CustomerMetricsRow(msgspec.Struct, frozen=True, array_like=True):
    """What the last batch computed about a customer."""

    customer_id: CustomerId
    computed_at: dt.datetime
    metrics: MetricsDocument

    @property
    def clv(self) -> RankedMetric | None:
        """Customer lifetime value among the base (G3)."""
        return self._ranked(self.metrics.clv)

    @property
    def churn_risk(self) -> RankedMetric | None:
        """Probability of leaving among the base (G4)."""
        return self._ranked(self.metrics.churn_risk)

    @property
    def propensity_to_spend(self) -> RankedMetric | None:
        """Probability of a purchase in the next 30 days among the base."""
        return self._ranked(self.metrics.propensity_to_spend)

    @property
    def lifetime_spend(self) -> Money | None:
        """Spent since enrolment, net of returns (G10)."""
        return self._money(self.metrics.lifetime_spend_minor)

    @property
    def average_basket(self) -> Money | None:
        """Mean value of a basket, returned ones left out (G10)."""
        return self._money(self.metrics.average_basket_minor)

    @property
    def days_since_last_purchase(self) -> int | None:
        """Whole days, as of the batch."""
        return self.metrics.days_since_last_purchase

    @property
    def external(self) -> tuple[ExternalMetric, ...]:
        """Statistics of other providers."""
        return self.metrics.external

    def rfm(self, window: RfmWindow) -> Rfm | None:
        """The figures of a window; None where the batch has none."""
        found = self.metrics.rfm.get(window.value)
        if found is None:
            return None
        return Rfm(
            window,
            found.recency_days,
            found.frequency,
            Money(found.monetary_minor, self.metrics.currency),
            found.median_recency_days,
            found.median_frequency,
            Money(found.median_monetary_minor, self.metrics.currency),
        )

    def engagement(self, window: RfmWindow) -> Engagement | None:
        """The interactions of a window; None where the batch has none."""
        found = self.metrics.engagement.get(window.value)
        if found is None:
            return None
        return Engagement(window, found.interactions, found.recency_days, found.median_interactions)

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.metrics.currency)

    def _ranked(self, found: RankedMetricFigures | None) -> RankedMetric | None:
        if found is None:
            return None
        revenue = self._money(found.projected_revenue_minor)
        return RankedMetric(found.value, found.rank, found.percentile, found.base_size, revenue)


class MetricReader(Protocol):
    """Serves metrics. Raises SourceUnavailable, SourceTimedOut."""

    async def metrics(self, customers: Sequence[CustomerId]) -> Sequence[CustomerMetricsRow | None]:
        """What the last batch computed about each customer, in the order given."""
        ...
