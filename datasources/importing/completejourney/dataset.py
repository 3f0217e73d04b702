"""The data set as Python values: what every household is derived from, keyed by household, campaign and product."""

import datetime as dt
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec

from datasources.importing.report import ImportBroken

from . import files


class CampaignRecord(msgspec.Struct, frozen=True):
    """A campaign; its days are New York days of the data set, the last one included."""

    id: int
    type: str
    first_day: dt.date
    last_day: dt.date
    coupons: tuple[int, ...]


class Redemption(msgspec.Struct, frozen=True):
    """A coupon that a household redeemed on a New York day of the data set."""

    campaign: int
    coupon: int
    day: dt.date


class Product(msgspec.Struct, frozen=True):
    """What a product is called (product type, else category, else its number) and its department."""

    name: str
    department: str


class Dataset:
    """Everything but the baskets in memory; those are streamed by household from `purchases`."""

    def __init__(self, folder: Path) -> None:
        self.purchases = files.Purchases(folder)
        self._products = _products(folder)
        coupons, self.coupon_names = _coupons(folder, self._products)
        self.campaigns = _campaigns(folder, coupons)
        self.targeted = _targeted(folder, self.campaigns)
        self.redemptions = _redemptions(folder, self.campaigns)
        self.demographics = _demographics(folder)

    def product(self, number: int) -> Product:
        """The product; one that the catalogue does not have is called by its number."""
        return self._products.get(number) or Product(f"Product {number}", "MISCELLANEOUS")


def _products(folder: Path) -> dict[int, Product]:
    columns = ("department", "product_category", "product_type")
    return {
        row["product_id"]: Product(
            row["product_type"] or row["product_category"] or f"Product {row['product_id']}",
            row["department"] or "MISCELLANEOUS",
        )
        for row in files.rows(folder, "products", ("product_id",), optional=columns)
    }


def _coupons(folder: Path, products: dict[int, Product]) -> tuple[dict[int, set[int]], dict[tuple[int, int], str]]:
    """The coupons of each campaign, and by (campaign, coupon) the most frequent name of the products it is for."""
    coupons: dict[int, set[int]] = defaultdict(set)
    names: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in files.rows(folder, "coupons", ("coupon_upc", "product_id", "campaign_id")):
        coupons[row["campaign_id"]].add(row["coupon_upc"])
        product = products.get(row["product_id"])
        if product is not None:
            names[row["campaign_id"], row["coupon_upc"]][product.name] += 1
    chosen = {key: min(found, key=lambda name: (-found[name], name)) for key, found in names.items()}
    return coupons, chosen


def _campaigns(folder: Path, coupons: dict[int, set[int]]) -> dict[int, CampaignRecord]:
    columns = ("campaign_id", "campaign_type", "start_date", "end_date")
    return {
        row["campaign_id"]: CampaignRecord(
            row["campaign_id"],
            row["campaign_type"],
            row["start_date"].date(),
            row["end_date"].date(),
            tuple(sorted(coupons.get(row["campaign_id"], ()))),
        )
        for row in files.rows(folder, "campaign_descriptions", columns)
    }


def _targeted(folder: Path, campaigns: dict[int, CampaignRecord]) -> dict[int, list[int]]:
    targeted: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(files.rows(folder, "campaigns", ("campaign_id", "household_id")), 1):
        if row["campaign_id"] not in campaigns:
            raise ImportBroken(f"campaigns.parquet, row {number}: there is no campaign {row['campaign_id']}")
        targeted[row["household_id"]].append(row["campaign_id"])
    return {household: sorted(found) for household, found in targeted.items()}


def _redemptions(folder: Path, campaigns: dict[int, CampaignRecord]) -> dict[int, list[Redemption]]:
    redeemed: dict[int, list[Redemption]] = defaultdict(list)
    columns = ("household_id", "coupon_upc", "campaign_id", "redemption_date")
    for number, row in enumerate(files.rows(folder, "coupon_redemptions", columns), 1):
        campaign = campaigns.get(row["campaign_id"])
        if campaign is None or row["coupon_upc"] not in campaign.coupons:
            raise ImportBroken(f"coupon_redemptions.parquet, row {number}: its campaign has no such coupon")
        redeemed[row["household_id"]].append(
            Redemption(row["campaign_id"], row["coupon_upc"], row["redemption_date"].date())
        )
    return {
        household: sorted(found, key=lambda r: (r.day, r.campaign, r.coupon)) for household, found in redeemed.items()
    }


def _demographics(folder: Path) -> dict[int, dict[str, Any]]:
    columns = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
    return {
        row.pop("household_id"): row for row in files.rows(folder, "demographics", ("household_id",), optional=columns)
    }
