"""Offers and campaigns of a household.

Households of type B and C campaigns were issued all coupons of the campaign; of type A those they redeemed and a seeded
fill up to 16. A second redemption of a coupon is a second customer's offer. A redemption belongs to the household's first
purchase of that New York day that used a manufacturer's coupon, else to its first of that day, else to noon. Every
tenth offer that was never redeemed was activated. Households in no campaign hold three made-up offers; of every
five of them one had the last one revoked (and is excluded from it), another one removed, and a third does not see the
second one in the app. A recorded offer carries its coupon's number as a flex field.
"""

import datetime as dt
from collections import Counter, defaultdict

import msgspec

from datasources.ids import EntityId
from datasources.sql.tables.campaigns import customer_campaigns
from datasources.sql.tables.offers import customer_offer_changes, customer_offers, offer_exclusions

from .catalogue import (
    COUPONS_TO_COMPLETE,
    ISSUED_SYNTHETIC,
    RULE_DAYS,
    VISITS_TO_COMPLETE,
    Catalogue,
    SharedCampaign,
    SharedOffer,
)
from .dataset import Redemption
from .household import Household
from .people import agent
from .purchases import Purchase
from .stream import Stream
from .timeline import local_day

TYPE_A_FILL = 16
ENDS = {0: "REVOKED", 1: "REMOVED"}
"""How staff ended the last made-up offer of a household, by its number modulo five."""
HIDDEN = 2
"""The number modulo five of the households that do not see their second made-up offer."""
HALF_DAY = dt.timedelta(hours=12)


class Redeemed(msgspec.Struct, frozen=True):
    """A redemption with its instant and the purchase it belongs to."""

    at: dt.datetime
    transaction: str | None


class Held(msgspec.Struct, frozen=True):
    """A customer's offer: the `copy`th of the same coupon, or a made-up one."""

    offer: SharedOffer
    key: str
    coupon: int | None = None
    redeemed: Redeemed | None = None
    activated_at: dt.datetime | None = None
    ended: str | None = None
    is_visible: bool = True


class OffersStory(msgspec.Struct, frozen=True):
    """What the household holds, and the redemptions by campaign."""

    held: list[Held]
    by_campaign: dict[int, list[dt.datetime]]

    @property
    def names_by_transaction(self) -> dict[str, str]:
        """The first offer redeemed with each purchase, by the purchase's external id."""
        named: dict[str, str] = {}
        for held in self.held:
            if held.redeemed is not None and held.redeemed.transaction is not None:
                named.setdefault(held.redeemed.transaction, held.offer.name)
        return named

    @property
    def redeemed_at(self) -> list[dt.datetime]:
        """When coupons were redeemed, oldest first."""
        return sorted(at for instants in self.by_campaign.values() for at in instants)


def derive(household: Household, catalogue: Catalogue, purchases: list[Purchase]) -> OffersStory:
    """Works out what the household holds."""
    recorded = household.dataset.redemptions.get(household.number, [])
    days: dict[dt.date, list[Purchase]] = defaultdict(list)
    for bought in purchases:
        days[local_day(bought.at)].append(bought)
    redeemed: dict[tuple[int, int], list[Redeemed]] = defaultdict(list)
    for redemption in recorded:
        redeemed[redemption.campaign, redemption.coupon].append(_redeemed(household, redemption, days))
    held: list[Held] = []
    chance = household.seeded("offers")
    for campaign, coupon in _issued(household, redeemed):
        found: list[Redeemed | None] = list(redeemed.get((campaign, coupon), ())) or [None]
        for copy, redemption_ in enumerate(found):
            offer = catalogue.offers[campaign, coupon]
            activated = redemption_ is None and chance.random() < 0.1
            at = offer.starts_at + dt.timedelta(days=1) if activated else None
            held.append(Held(offer, f"{campaign}:{coupon}:{copy}", coupon, redemption_, _before_end(household, at)))
    by_campaign: dict[int, list[dt.datetime]] = defaultdict(list)
    for (campaign, _), redemptions in redeemed.items():
        by_campaign[campaign] += [redemption.at for redemption in redemptions]
    if not held:
        held = [_synthetic(household, catalogue, key) for key in ISSUED_SYNTHETIC]
    return OffersStory(held, dict(by_campaign))


def _synthetic(household: Household, catalogue: Catalogue, key: str) -> Held:
    last = key == ISSUED_SYNTHETIC[-1]
    ended = ENDS.get(household.number % 5) if last else None
    hidden = key == ISSUED_SYNTHETIC[1] and household.number % 5 == HIDDEN
    return Held(catalogue.synthetic_offers[key], key, ended=ended, is_visible=not hidden)


def _before_end(household: Household, at: dt.datetime | None) -> dt.datetime | None:
    return at if at is not None and at < household.timeline.end else None


def _redeemed(household: Household, redemption: Redemption, days: dict[dt.date, list[Purchase]]) -> Redeemed:
    midnight = household.timeline.midnight(redemption.day)
    same_day = days.get(local_day(midnight), [])
    bought = next((purchase for purchase in same_day if purchase.coupon_used), same_day[0] if same_day else None)
    return Redeemed(midnight + HALF_DAY, None) if bought is None else Redeemed(bought.at, bought.external_id)


def _issued(household: Household, redeemed: dict[tuple[int, int], list[Redeemed]]) -> list[tuple[int, int]]:
    issued: list[tuple[int, int]] = []
    for number in household.dataset.targeted.get(household.number, []):
        campaign = household.dataset.campaigns[number]
        coupons = list(campaign.coupons)
        if campaign.type == "Type A":
            used = [coupon for coupon in coupons if (number, coupon) in redeemed]
            others = [coupon for coupon in coupons if (number, coupon) not in redeemed]
            fill = max(0, min(TYPE_A_FILL - len(used), len(others)))
            coupons = sorted(used + household.seeded(f"type A {number}").sample(others, fill))
        issued += [(number, coupon) for coupon in coupons]
    return issued


def write(household: Household, stream: Stream, story: OffersStory) -> None:
    """Rows of the customer's offers with their history and events."""
    for held in story.held:
        _write_offer(household, stream, held)


def _write_offer(household: Household, stream: Stream, held: Held) -> None:
    redeemed_at = None if held.redeemed is None else held.redeemed.at
    issued_at = held.offer.starts_at if redeemed_at is None else min(held.offer.starts_at, redeemed_at)
    id_ = household.id(issued_at, "offer", held.key)
    state = held.ended or ("REDEEMED" if redeemed_at else "ACTIVATED" if held.activated_at else "ISSUED")
    household.own(
        customer_offers,
        id=id_,
        offer_id=held.offer.id,
        state=state,
        issued_at=issued_at,
        issued_by_kind="SERVICE",
        issued_by_id="campaigns",
        distributed_at=issued_at,
        activated_at=held.activated_at,
        redeemable_from=issued_at,
        redeemable_until=held.offer.ends_at or issued_at + dt.timedelta(days=60),
        redeemed_at=redeemed_at,
        is_visible=held.is_visible,
        flex_fields=[] if held.coupon is None else [{"key": "coupon", "value": str(held.coupon)}],
        transaction_id=held.redeemed.transaction if held.redeemed else None,
        variant="AB"[household.number % 2],
        version=1 if state == "ISSUED" else 2,
    )
    _write_history(household, stream, held, id_, issued_at=issued_at)


def _write_history(household: Household, stream: Stream, held: Held, id_: EntityId, *, issued_at: dt.datetime) -> None:
    moves: list[tuple[str | None, str, dt.datetime]] = [(None, "ISSUED", issued_at)]
    if held.activated_at is not None:
        moves.append(("ISSUED", "ACTIVATED", held.activated_at))
    if held.redeemed is not None:
        moves.append(("ISSUED", "REDEEMED", held.redeemed.at))
    if held.ended is not None:
        moves.append(("ISSUED", held.ended, issued_at + dt.timedelta(days=3)))
    for move in moves:
        _write_change(household, id_, move)
        _, after, at = move
        if after == "REVOKED":
            household.own(offer_exclusions, offer_id=held.offer.id, at=at)
        elif after == "REMOVED":
            continue
        action = after.lower()
        facts = {"offer_name": held.offer.name, "action": action}
        stream.record(f"offer_{action}", at, f"offer:{held.key}:{action}", facts, reference=id_)


def _write_change(household: Household, id_: EntityId, move: tuple[str | None, str, dt.datetime]) -> None:
    before, after, at = move
    member, staff = ("MEMBER", str(household.customer_id)), ("STAFF", agent(household.number))
    actor = ("SERVICE", "campaigns") if before is None else staff if after in ENDS.values() else member
    household.own(
        customer_offer_changes,
        id=household.id(at, "offer change", id_, after),
        customer_offer_id=id_,
        from_state=before,
        to_state=after,
        at=at,
        actor_kind=actor[0],
        actor_id=actor[1],
    )


def write_campaigns(
    household: Household, stream: Stream, catalogue: Catalogue, story: OffersStory, *, purchases: list[Purchase]
) -> None:
    """The campaigns that target the household while it takes part: recorded ones, a message, the rule of ten visits."""
    for number in household.dataset.targeted.get(household.number, []):
        instants = sorted(story.by_campaign.get(number, []))
        _write_campaign(household, catalogue.campaigns[number], instants, COUPONS_TO_COMPLETE)
    _write_campaign(household, catalogue.messaging, [], None)
    since = catalogue.rule.starts_at
    visits = Counter(local_day(bought.at) for bought in purchases if bought.at >= since and bought.accrues)
    first_of_day = [min(b.at for b in purchases if b.at >= since and local_day(b.at) == day) for day in sorted(visits)]
    _write_campaign(household, catalogue.rule, first_of_day, VISITS_TO_COMPLETE)
    if len(first_of_day) >= VISITS_TO_COMPLETE:
        facts = {"rule_name": "Ten visits", "outcome": f"{VISITS_TO_COMPLETE} visits within {RULE_DAYS} days"}
        stream.record("loyalty_rule_completed", first_of_day[VISITS_TO_COMPLETE - 1], "rule:visits", facts)


def _write_campaign(
    household: Household, campaign: SharedCampaign, steps: list[dt.datetime], target: int | None
) -> None:
    if not steps and not household.takes_part_at(campaign.starts_at):
        return
    done = target is not None and len(steps) >= target
    household.own(
        customer_campaigns,
        id=household.id(campaign.starts_at, "campaign", campaign.id),
        campaign_id=campaign.id,
        status="COMPLETED" if done else "IN_PROGRESS" if steps else "ELIGIBLE",
        starts_at=campaign.starts_at,
        completed_at=steps[(target or 1) - 1] if done else None,
        completed_by_kind="SERVICE" if done else None,
        completed_by_id="campaigns" if done else None,
        progress_hundredths=None if target is None else min(len(steps), target) * 100,
        version=1,
    )
