"""What the program shares: campaigns, offers, promo codes, segments, people and unmatched events.

A campaign's key is `completejourney-<id>`; an offer is one (campaign, coupon), named after the most frequent product
type it is for, valid during the campaign. A promotion is completed by the second coupon redeemed. What begins with
`synthetic` is made up: a messaging campaign, a loyalty rule of ten visits in the last 60 days, and catalogue offers with
finite inventories (8 to 24, or over 100) of which none is issued yet, with unlimited ones, and with some not issuable.
"""

import datetime as dt
from typing import Any

import msgspec

from datasources.fingerprints import fingerprint
from datasources.folding import fold
from datasources.ids import EntityId, derived_id
from datasources.importing.demo_program import bonus
from datasources.importing.sheet import Sheet
from datasources.outcomes import Outcome
from datasources.promo_codes import ClaimWindow
from datasources.sql.quarantine import FIELD, PURPOSE
from datasources.sql.sealing import MasterKey
from datasources.sql.tables.campaigns import campaigns
from datasources.sql.tables.events import unmatched_events
from datasources.sql.tables.offers import offers
from datasources.sql.tables.program import actors
from datasources.sql.tables.promo_codes import promo_codes
from datasources.sql.tables.segments import segments

from .dataset import CampaignRecord, Dataset
from .household import SOURCE
from .people import staff
from .timeline import Timeline

COUPONS_TO_COMPLETE = 2
VISITS_TO_COMPLETE = 10
RULE_DAYS = 60
DAY = dt.timedelta(days=1)


class SharedOffer(msgspec.Struct, frozen=True):
    """An offer as households hold it."""

    id: EntityId
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None


class SharedCampaign(msgspec.Struct, frozen=True):
    """A campaign as households take part in it."""

    id: EntityId
    starts_at: dt.datetime
    ends_at: dt.datetime | None


class SyntheticOffer(msgspec.Struct, frozen=True):
    """A made-up offer of the catalogue."""

    key: str
    name: str
    type: str
    inventory: int | None = None
    per_customer_limit: int | None = None
    is_issuable: bool = True
    is_active: bool = True


SYNTHETIC_OFFERS = (
    SyntheticOffer("welcome-coffee", "Free coffee", "FREE_ITEM", per_customer_limit=1),
    SyntheticOffer("five-off-fifty", "5 USD off 50 USD", "AMOUNT_OFF"),
    SyntheticOffer("ten-percent-produce", "10 % off produce", "PERCENT_OFF"),
    SyntheticOffer("bakery-duo", "Second loaf free", "FREE_ITEM", inventory=8, per_customer_limit=1),
    SyntheticOffer("flowers", "Bouquet for members", "AMOUNT_OFF", inventory=16, per_customer_limit=1),
    SyntheticOffer("cheese-tasting", "Cheese tasting", "CUSTOM", inventory=24, per_customer_limit=1),
    SyntheticOffer("double-points-week", "Double points for a week", "MULTIPLIER", inventory=250, per_customer_limit=2),
    SyntheticOffer("bonus-100", "100 bonus points", "POINTS", inventory=1_000),
    SyntheticOffer("fuel-three-cents", "3 cents off each gallon", "AMOUNT_OFF", inventory=140, per_customer_limit=1),
    SyntheticOffer("staff-only", "Staff discount", "PERCENT_OFF", is_issuable=False),
    SyntheticOffer("partner-hotel", "Night at the partner hotel", "CUSTOM", is_issuable=False),
    SyntheticOffer("retired-mug", "Retired mug", "FREE_ITEM", is_active=False),
)
ISSUED_SYNTHETIC = ("welcome-coffee", "five-off-fifty", "ten-percent-produce")

SEGMENTS = (
    ("vip-circle", "VIP circle", "MANUAL", False),
    ("care-watchlist", "Care watch list", "MANUAL", False),
    ("beta-testers", "Beta testers", "MANUAL", True),
    ("coupon-redeemers", "Coupon redeemers", "RULE", False),
    ("big-baskets", "Baskets above 40 USD", "RULE", False),
    ("lapsing", "No purchase in 30 days", "RULE", False),
    ("families", "Families", "RULE", False),
)

CLAIMABLE, ONCE, ENDED, ASSIGNED = "WELCOME100", "ONCE250", "SUMMER50", "THANKYOU25"
CODE_POINTS = {CLAIMABLE: 100, ONCE: 250, ENDED: 50, ASSIGNED: 25}
GRANTED_OFFER = "five-off-fifty"
"""What completing the campaign of messages grants; the others grant points."""
EVENING = ClaimWindow(from_minute=18 * 60, until_minute=22 * 60)


class MadeUpCode(msgspec.Struct, frozen=True):
    """A made-up promo code."""

    code: str
    campaign_name: str
    points: int
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    claim_cap: int | None = None
    per_customer_limit: int | None = None
    limiter: str | None = None
    limiter_description: str | None = None
    window: ClaimWindow | None = None
    only_assigned: bool = False


class Catalogue:
    """Ids and names of what is shared; `write` makes its rows, once for a database."""

    def __init__(self, dataset: Dataset, timeline: Timeline) -> None:
        self._dataset = dataset
        self._timeline = timeline
        self._epoch = timeline.start - 400 * DAY
        self.campaigns = {record.id: self._campaign(record) for record in dataset.campaigns.values()}
        self.messaging = self._synthetic_campaign("messaging", timeline.before_end(days=10), None)
        self.rule = self._synthetic_campaign("rule", timeline.before_end(days=RULE_DAYS), timeline.end + 30 * DAY)
        self.offers = {
            (record.id, coupon): self._offer(record, coupon)
            for record in dataset.campaigns.values()
            for coupon in record.coupons
        }
        self.synthetic_offers = {
            offer.key: SharedOffer(self._id("offer", offer.key), offer.name, timeline.before_end(days=45), None)
            for offer in SYNTHETIC_OFFERS
        }
        self.segments = {key: self._id("segment", key) for key, _, _, _ in SEGMENTS}

    def _id(self, *names: object) -> EntityId:
        return derived_id(self._epoch, SOURCE, *map(str, names))

    def _campaign(self, record: CampaignRecord) -> SharedCampaign:
        starts_at = self._timeline.midnight(record.first_day)
        id_ = derived_id(starts_at, SOURCE, "campaign", str(record.id))
        return SharedCampaign(id_, starts_at, self._timeline.midnight(record.last_day + DAY))

    def _synthetic_campaign(self, key: str, starts_at: dt.datetime, ends_at: dt.datetime | None) -> SharedCampaign:
        return SharedCampaign(derived_id(starts_at, SOURCE, "campaign", key), starts_at, ends_at)

    def _offer(self, record: CampaignRecord, coupon: int) -> SharedOffer:
        campaign = self.campaigns[record.id]
        name = f"{self._dataset.coupon_names.get((record.id, coupon), 'GROCERY')} coupon {str(coupon)[-4:]}"
        id_ = derived_id(campaign.starts_at, SOURCE, "offer", str(record.id), str(coupon))
        return SharedOffer(id_, name, campaign.starts_at, campaign.ends_at)

    def write(self, sheet: Sheet, master_key: bytes) -> None:
        """All shared rows but the program and its locations."""
        for kind, actor_id, name in staff():
            sheet.add(actors, kind=kind, actor_id=actor_id, name=name)
        self._write_campaigns(sheet)
        self._write_offers(sheet)
        self._write_promo_codes(sheet)
        for key, name, kind, is_test in SEGMENTS:
            created_at = self._timeline.start
            sheet.add(
                segments, id=self.segments[key], key=key, name=name, kind=kind, is_test=is_test, created_at=created_at
            )
        self._write_unmatched(sheet, master_key)

    def _write_campaigns(self, sheet: Sheet) -> None:
        named = [
            (self.campaigns[record.id], f"{SOURCE}-{record.id}", f"Campaign {record.id} ({record.type})", "PROMOTION")
            for record in self._dataset.campaigns.values()
        ]
        named.append((self.messaging, "synthetic-messaging", "New year greetings", "MESSAGING"))
        named.append((self.rule, "synthetic-rule", "Ten visits", "LOYALTY_RULE"))
        units = {"PROMOTION": ("coupons", COUPONS_TO_COMPLETE), "LOYALTY_RULE": ("visits", VISITS_TO_COMPLETE)}
        offer = self.synthetic_offers[GRANTED_OFFER].id
        granted = {"PROMOTION": bonus(50), "LOYALTY_RULE": bonus(100), "MESSAGING": (Outcome(offer_id=offer),)}
        for campaign, key, name, type_ in named:
            unit, target = units.get(type_, (None, None))
            sheet.add(
                campaigns,
                id=campaign.id,
                key=key,
                name=name,
                type=type_,
                starts_at=campaign.starts_at,
                ends_at=campaign.ends_at,
                unit=unit,
                target_hundredths=None if target is None else target * 100,
                outcomes=granted[type_],
            )

    def _write_offers(self, sheet: Sheet) -> None:
        for (campaign, coupon), offer in self.offers.items():
            recorded = SyntheticOffer(f"{SOURCE}-{campaign}-{coupon}", offer.name, "AMOUNT_OFF")
            self._write_offer(sheet, offer, recorded, f"Coupon {coupon} of campaign {campaign}")
        for made_up in SYNTHETIC_OFFERS:
            shared = self.synthetic_offers[made_up.key]
            self._write_offer(sheet, shared, made_up, f"{made_up.name}, made up for the demo program")

    def _write_offer(self, sheet: Sheet, offer: SharedOffer, record: SyntheticOffer, description: str) -> None:
        sheet.add(
            offers,
            id=offer.id,
            key=record.key,
            name=offer.name,
            name_key=fold(offer.name),
            type=record.type,
            title=offer.name,
            description=description,
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            is_active=record.is_active and (offer.ends_at is None or offer.ends_at > self._timeline.end),
            is_issuable=record.is_issuable,
            inventory_initial=record.inventory,
            inventory_remaining=record.inventory,
            per_customer_limit=record.per_customer_limit,
            redeemable_days=30 if offer.ends_at is None else None,
            created_at=offer.starts_at,
        )

    def _write_promo_codes(self, sheet: Sheet) -> None:
        for made_up in _promo_codes(self._timeline):
            columns = msgspec.structs.asdict(made_up)
            id_, outcomes = self._id("promo code", made_up.code), bonus(columns.pop("points"))
            sheet.add(promo_codes, id=id_, claims=0, outcomes=outcomes, **columns)

    def _write_unmatched(self, sheet: Sheet, master_key: bytes) -> None:
        for number in range(1, 6):
            at = self._timeline.before_end(days=number, hours=3)
            unknown = f"unknown-{number}"
            id_ = derived_id(at, SOURCE, "unmatched", str(number))
            told = {"location_id": "367", "location_name": "Store 367", "minutes": 5 * number}
            sheet.add(
                unmatched_events,
                id=id_,
                type="store_visit",
                occurred_at=at,
                received_at=at + dt.timedelta(seconds=2),
                source="door-counter",
                source_event_id=f"visit-{number}",
                reason=f"No customer has this external id of system {SOURCE}",
                channel="API",
                match_hash=fingerprint(master_key, PURPOSE, f"EXTERNAL_ID:{SOURCE}:{unknown}"),
                payload=MasterKey(master_key).own_key(id_, PURPOSE).seal(msgspec.json.encode(told).decode(), FIELD),
            )


def _promo_codes(timeline: Timeline) -> tuple[MadeUpCode, ...]:
    """A code of each kind: to be claimed, once each, ended, for those it was assigned to, in the evening, not begun."""
    end = timeline.end
    once: dict[str, Any] = {
        "per_customer_limit": 1,
        "limiter": "ONE_TIME",
        "limiter_description": "Each customer can claim this code once",
    }
    return (
        MadeUpCode(CLAIMABLE, "Welcome points", CODE_POINTS[CLAIMABLE], None, end + 365 * DAY, claim_cap=10_000),
        MadeUpCode(ONCE, "Once only", CODE_POINTS[ONCE], None, end + 365 * DAY, **once),
        MadeUpCode(ENDED, "Summer points", CODE_POINTS[ENDED], timeline.start, end - 100 * DAY),
        MadeUpCode(
            ASSIGNED, "Thank you", CODE_POINTS[ASSIGNED], end - 30 * DAY, end + 90 * DAY, **once, only_assigned=True
        ),
        MadeUpCode(
            "EVENING40",
            "Evening points",
            40,
            end - 60 * DAY,
            end + 60 * DAY,
            per_customer_limit=2,
            limiter="TIME_OF_DAY",
            limiter_description="Only claimed between 18:00 and 22:00",
            window=EVENING,
        ),
        MadeUpCode("NEXTYEAR75", "Next year", 75, end + 30 * DAY, end + 60 * DAY),
    )
