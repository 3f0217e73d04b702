"""One household as all its rows, domain by domain."""

import msgspec

from datasources.importing.sheet import Sheet
from datasources.metrics import MetricsDocument
from datasources.sql.sealing import MasterKey

from . import cards, care, codes, labels, metrics, offers, people, points, purchases, rewards, tiers, trust, visits
from .catalogue import Catalogue
from .dataset import Dataset
from .files import Basket
from .household import Household
from .points import PointsStory
from .purchases import Purchase
from .stores import Stores
from .stream import Stream
from .tiers import TierStory
from .timeline import Timeline


class Surroundings(msgspec.Struct, frozen=True):
    """What all households share."""

    dataset: Dataset
    timeline: Timeline
    catalogue: Catalogue
    stores: Stores
    master_key: bytes


class Derived(msgspec.Struct, frozen=True):
    """A household that was derived: who it is, and its own figures for the metrics batch."""

    household: Household
    figures: MetricsDocument


def derive(around: Surroundings, number: int, baskets: list[Basket], sheet: Sheet) -> Derived:
    """Writes all rows of a household but its metrics into the sheet."""
    household = Household(number, around.dataset, around.timeline, sheet)
    wrapped_key = household.with_key(MasterKey(around.master_key))
    bought = [purchases.purchase(household, basket) for basket in baskets]
    stream = Stream(household)
    held = offers.derive(household, around.catalogue, bought)
    ledger = points.derive(household, bought, around.stores.names)
    ladder = tiers.derive(household, bought)
    purchases.write(household, bought, around.stores.ids, held.names_by_transaction)
    _record_purchases(stream, bought, around.stores, ledger=ledger, ladder=ladder)
    points.record_events(stream, ledger)
    tiers.record_events(household, stream, ladder)
    offers.write(household, stream, held)
    offers.write_campaigns(household, stream, around.catalogue, held, purchases=bought)
    cards.write(household, around.master_key)
    rewards.write_waiting(household)
    codes.write(household, stream)
    told = care.write(household, stream)
    _write_profile(household, stream, bought, around, wrapped_key=wrapped_key, ladder=ladder)
    tier = ladder.steps[-1].to.name
    labels.write_segments(household, stream, around.catalogue, bought, tier=tier, coupons=bool(held.redeemed_at))
    labels.write_tags(household, stream, held.redeemed_at, people.departments(around.dataset, bought)[0])
    # Last: an export counts what there is.
    trust.write(household, ledger.manual, told)
    return Derived(household, metrics.own_figures(household, bought, stream.interactions))


def _write_profile(
    household: Household,
    stream: Stream,
    bought: list[Purchase],
    around: Surroundings,
    *,
    wrapped_key: bytes,
    ladder: TierStory,
) -> None:
    who = people.person(household)
    favorite = people.favorite_store(bought, around.stores.ids)
    visits.record_account(household, stream, who)
    visits.write_places(household, favorite, bought, around.stores)
    visits.record_events(household, stream, favorite, bought)
    visits.write_devices(household, stream)
    last_active_at = max(stream.interactions)
    top = ladder.steps[-1].to.key == "platinum"
    status = "watch" if household.barred_at is not None else "vip" if top else "active"
    story = {
        "status_key": status,
        "attributes": people.attributes(household, who, bought),
        "updated_at": household.timeline.end,
        "last_active_at": last_active_at,
        "active_key": last_active_at,
        "favorite_location_id": favorite[1],
    }
    people.write(household, who, wrapped_key, story)


def _record_purchases(
    stream: Stream, bought: list[Purchase], stores: Stores, *, ledger: PointsStory, ladder: TierStory
) -> None:
    for purchase in bought:
        facts = {
            "total_minor": purchase.total,
            "currency": purchases.CURRENCY,
            "points_earned": ledger.earned.get(purchase.id, 0),
            "points_spent": 0,
            "tier": ladder.tier_at(purchase.at).name,
            "location_id": str(stores.ids[purchase.store]),
            "location_name": stores.names[purchase.store],
            "external_id": purchase.external_id,
        }
        key = f"purchase:{purchase.external_id}"
        stream.record("purchase", purchase.at, key, facts, reference=purchase.id, channel="POS_ADAPTER")
