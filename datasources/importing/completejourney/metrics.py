"""What the metrics batch computes, as of the end of the data.

- RFM and engagement: windows are trailing and half-open. Frequency counts purchases, monetary sums their totals,
  recency is whole days since the last one in the window.
- Churn risk: days since the last purchase / (that + twice the mean gap between purchases), a mean gap of at least a day,
  30 days where there is one purchase only.
- Propensity to spend: 1 - exp(-30 / (mean gap + days since the last purchase)).
- CLV: twice the spend of the last 182 days, times (1 - churn risk).
- Product affinity: the share of purchases that had the product, of 1 + their number; the five highest.
- The base: live customers that are neither test personas nor restricted. Ranks fall with the value, ties share one;
  percentile is the share of the base whose value is not higher. Customers outside the base have none of these.
"""

import datetime as dt
import math
import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from datasources.metrics import (
    AffinityLevel,
    EngagementFigures,
    ExternalMetric,
    MetricsDocument,
    ProductAffinity,
    RankedMetricFigures,
    RfmFigures,
    RfmWindow,
)
from datasources.values import half_even

from .household import Household
from .purchases import CURRENCY, Purchase

WINDOWS = {RfmWindow.LAST_7_DAYS: 7, RfmWindow.LAST_30_DAYS: 30, RfmWindow.LIFETIME: None}
HALF_YEAR = 182
RANKED = ("clv", "churn_risk", "propensity_to_spend")


def own_figures(household: Household, purchases: list[Purchase], interactions: list[dt.datetime]) -> MetricsDocument:
    """The household's own figures; medians and ranks are filled in by `compared`."""
    end = household.timeline.end
    recency = (end - purchases[-1].at).days
    gap = _mean_gap(purchases)
    churn = round(recency / (recency + 2 * gap), 4)
    spend = sum(bought.total for bought in purchases)
    recent = sum(b.total for b in purchases if b.at >= end - dt.timedelta(days=HALF_YEAR))
    projected = round(2 * recent * (1 - churn))
    social = ExternalMetric("social-listening", "mentions", float(household.seeded("social").randint(0, 12)), end)
    return MetricsDocument(
        currency=CURRENCY,
        rfm={window.value: _rfm(purchases, end, days) for window, days in WINDOWS.items()},
        engagement={window.value: _engagement(interactions, end, days) for window, days in WINDOWS.items()},
        product_affinities=_affinities(household, purchases),
        clv=RankedMetricFigures(projected / 100, 0, 0.0, 0, projected),
        churn_risk=RankedMetricFigures(churn, 0, 0.0, 0),
        propensity_to_spend=RankedMetricFigures(round(1 - math.exp(-30 / (gap + recency)), 4), 0, 0.0, 0),
        lifetime_spend_minor=spend,
        average_basket_minor=half_even(spend, len(purchases)),
        days_since_last_purchase=recency,
        external=(social,),
    )


def compared(figures: Mapping[UUID, MetricsDocument], base: Sequence[UUID]) -> dict[UUID, MetricsDocument]:
    """The documents with the medians of the base, and ranks within it for those who belong to it."""
    documents = [figures[customer] for customer in base]
    medians = {window.value: _medians(documents, window.value) for window in WINDOWS}
    values = {name: _ascending(documents, name) for name in RANKED}
    members = frozenset(base)
    return {
        customer: msgspec.structs.replace(
            document,
            rfm={window: _with_medians(found, medians[window]) for window, found in document.rfm.items()},
            engagement={
                window: msgspec.structs.replace(found, median_interactions=medians[window][3])
                for window, found in document.engagement.items()
            },
            **{name: _ranked(document, name, values[name]) if customer in members else None for name in RANKED},
        )
        for customer, document in figures.items()
    }


def _mean_gap(purchases: list[Purchase]) -> float:
    if len(purchases) == 1:
        return 30.0
    days = (purchases[-1].at - purchases[0].at).total_seconds() / 86_400
    return max(1.0, days / (len(purchases) - 1))


def _rfm(purchases: list[Purchase], end: dt.datetime, days: int | None) -> RfmFigures:
    inside = [b for b in purchases if days is None or b.at >= end - dt.timedelta(days=days)]
    recency = (end - inside[-1].at).days if inside else None
    return RfmFigures(len(inside), sum(bought.total for bought in inside), 0.0, 0, recency)


def _engagement(interactions: list[dt.datetime], end: dt.datetime, days: int | None) -> EngagementFigures:
    inside = [at for at in interactions if days is None or at >= end - dt.timedelta(days=days)]
    return EngagementFigures(len(inside), 0.0, (end - max(inside)).days if inside else None)


def _affinities(household: Household, purchases: list[Purchase]) -> tuple[ProductAffinity, ...]:
    counts: Counter[int] = Counter()
    for bought in purchases:
        counts.update({line.product for line in bought.lines})
    best = sorted(counts, key=lambda product: (-counts[product], product))[:5]
    found = []
    for product in best:
        probability = round(counts[product] / (len(purchases) + 1), 4)
        name = household.dataset.product(product).name
        found.append(ProductAffinity(str(product), name, probability, level(probability)))
    return tuple(found)


def level(probability: float) -> AffinityLevel:
    """A probability in words."""
    if probability < 0.2:
        return AffinityLevel.LOW
    return AffinityLevel.MEDIUM if probability < 0.5 else AffinityLevel.HIGH


def _medians(documents: list[MetricsDocument], window: str) -> tuple[float, int, float | None, float]:
    if not documents:
        return 0.0, 0, None, 0.0
    found = [document.rfm[window] for document in documents]
    recencies = [figures.recency_days for figures in found if figures.recency_days is not None]
    return (
        float(statistics.median(figures.frequency for figures in found)),
        round(statistics.median(figures.monetary_minor for figures in found)),
        float(statistics.median(recencies)) if recencies else None,
        float(statistics.median(document.engagement[window].interactions for document in documents)),
    )


def _with_medians(figures: RfmFigures, medians: tuple[float, int, float | None, float]) -> RfmFigures:
    frequency, monetary, recency, _ = medians
    return msgspec.structs.replace(
        figures, median_frequency=frequency, median_monetary_minor=monetary, median_recency_days=recency
    )


def _ascending(documents: list[MetricsDocument], name: str) -> list[float]:
    found: list[RankedMetricFigures | None] = [getattr(document, name) for document in documents]
    return sorted(figures.value for figures in found if figures is not None)


def _ranked(document: MetricsDocument, name: str, ascending: list[float]) -> RankedMetricFigures | None:
    figures: RankedMetricFigures | None = getattr(document, name)
    if figures is None:
        return None
    not_higher = bisect_right(ascending, figures.value)
    size = len(ascending)
    return msgspec.structs.replace(
        figures, rank=1 + size - not_higher, percentile=round(100 * not_higher / size, 2), base_size=size
    )
