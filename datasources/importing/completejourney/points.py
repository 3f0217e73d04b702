"""What moves a household's points: one point per whole dollar of each purchase, and made-up grants, rewards and corrections.

Purchases: EARN of floor(basket value) into `points` (expiring after 24 months) and `tier_points` (never); none at 0, none
while the household is restricted or blocked. Promo codes: EARN of what was claimed. Made up, with the reference type `synthetic`: a welcome bonus that expires
after 180 days, for every third household a goodwill comp, for every seventh a deduction, for every tenth an addition
that is reversed, and rewards whenever the balance reaches a seeded price.
"""

import datetime as dt
import heapq
from uuid import UUID

import msgspec

from datasources.ids import EntityId
from datasources.importing.demo_program import ACCOUNTS, EARN_RULES, LOT_MONTHS, SOURCES

from .catalogue import CODE_POINTS
from .codes import claims
from .household import EXECUTED_APPROVAL, Household
from .ledger import Ledger, Movement
from .people import agent
from .purchases import Purchase
from .rewards import PRICES, Reward, write_reward
from .stream import Stream
from .timeline import months_later

WELCOME_DAYS = 180
EVENT_TYPES = {
    "EARN": "points_earned",
    "SPEND": "points_used",
    "COMP": "points_comped",
    "EXPIRE": "points_expired",
    "ADJUST": "points_adjusted",
    "REVERSAL": "points_adjusted",
    "RETURN": "points_returned",
}
ACCOUNT_LABELS = {account.key: account.label for account in ACCOUNTS}
SOURCE_LABELS = {source.key: source.label for source in SOURCES}


class PointsStory(msgspec.Struct, frozen=True):
    """What the ledger came to: points earned by purchase, and the manual movements that the audit log knows."""

    ledger: Ledger
    earned: dict[EntityId, int]
    manual: list[tuple[Movement, EntityId]]


def derive(household: Household, purchases: list[Purchase], stores: dict[int, str]) -> PointsStory:
    """Posts everything in the order of time and writes the ledger."""
    ledger = Ledger(household)
    planned: list[Movement] = [_welcome(household), *_manual(household), *_claimed(household)]
    for bought in purchases:
        planned += _earned(bought, stores[bought.store])
    _Poster(household, ledger, planned).run()
    ledger.write()
    manual = [(movement, entry) for movement, entry in ledger.posted if movement.reason_code is not None]
    earned = {
        movement.purchase_id: movement.points
        for movement, _ in ledger.posted
        if movement.account == "points" and movement.purchase_id is not None
    }
    return PointsStory(ledger, earned, manual)


def record_events(stream: Stream, story: PointsStory) -> None:
    """An event for each entry of the account that members know."""
    for movement, entry_id in story.ledger.posted:
        if movement.account != "points":
            continue
        facts = {
            "points": movement.points,
            "account_key": movement.account,
            "account_label": ACCOUNT_LABELS[movement.account],
            "source_label": SOURCE_LABELS[movement.source],
            "description": movement.description,
        }
        stream.record(EVENT_TYPES[movement.kind], movement.at, f"points:{entry_id}", facts, reference=entry_id)


class _Poster:
    """Posts movements in the order of time, with those that follow from others: reversals, and rewards once affordable."""

    def __init__(self, household: Household, ledger: Ledger, planned: list[Movement]) -> None:
        self._household = household
        self._ledger = ledger
        self._chance = household.seeded("rewards")
        self._wanted = self._chance.choice(PRICES)
        self._rewards = 0
        self._queue = [(movement.at, number, movement) for number, movement in enumerate(planned)]
        heapq.heapify(self._queue)

    def run(self) -> None:
        """Posts everything that is possible when its time comes."""
        while self._queue:
            _, _, movement = heapq.heappop(self._queue)
            if movement.at < self._household.timeline.end and self._possible(movement):
                self._follow(movement, self._ledger.post(movement))

    def _possible(self, movement: Movement) -> bool:
        if movement.points > 0:
            return True
        covered = self._ledger.available(movement.account, movement.at) >= -movement.points
        if movement.reverses is None:
            return covered
        return self._ledger.accounts[movement.account].lots[movement.reverses].remaining == -movement.points

    def _follow(self, movement: Movement, entry_id: EntityId) -> None:
        if movement.reason_code == "missing_points":
            self._push(_reversal(self._household, movement, entry_id))
        elif movement.kind == "SPEND":
            reward = Reward(EntityId(UUID(str(movement.reference_id))), *self._wanted, movement.at, self._rewards)
            write_reward(self._household, reward, self._chance)
            self._wanted = self._chance.choice(PRICES)
        elif movement.kind == "EARN" and movement.account == "points":
            self._want(movement.at + dt.timedelta(minutes=20))

    def _want(self, at: dt.datetime) -> None:
        name, price = self._wanted
        if self._ledger.accounts["points"].balance < price or not self._household.takes_part_at(at):
            return
        self._rewards += 1
        reward_id = self._household.id(at, "reward", self._rewards)
        self._push(
            Movement(
                at=at,
                account="points",
                kind="SPEND",
                points=-price,
                source="manual",
                key=f"reward:{self._rewards}",
                reference_id=str(reward_id),
                description=name,
                actor=("MEMBER", str(self._household.customer_id)),
            )
        )

    def _push(self, movement: Movement) -> None:
        heapq.heappush(self._queue, (movement.at, -len(self._queue), movement))


def _earned(bought: Purchase, store_name: str) -> list[Movement]:
    if not bought.accrues:
        return []
    earned = {rule.account_key: rule.points_for(bought.total) for rule in EARN_RULES}
    return [
        Movement(
            at=bought.at,
            account=account,
            kind="EARN",
            points=points,
            source="purchase",
            key=f"basket:{bought.external_id}",
            reference_type="purchase",
            reference_id=bought.external_id,
            transaction_id=bought.external_id,
            purchase_id=bought.id,
            description=store_name,
            expires_at=months_later(bought.at, LOT_MONTHS) if account == "points" else None,
            actor=("SERVICE", "pos"),
        )
        for account, points in earned.items()
        if points
    ]


def _welcome(household: Household) -> Movement:
    return Movement(
        at=household.enrolled_at + dt.timedelta(minutes=5),
        account="points",
        kind="ADJUST",
        points=household.seeded("welcome").choice((100, 150, 200)),
        source="promotion",
        key="welcome",
        description="Welcome bonus",
        expires_at=household.enrolled_at + dt.timedelta(days=WELCOME_DAYS),
        actor=("SERVICE", "campaigns"),
    )


def _claimed(household: Household) -> list[Movement]:
    """What promo codes granted, as a claim of today would."""
    return [
        Movement(
            at=claim.at,
            account="points",
            kind="EARN",
            points=CODE_POINTS[claim.code],
            source="promotion",
            key=f"code:{claim.code}",
            reference_type="PROMO_CODE",
            reference_id=claim.code,
            description=f"Promo code {claim.code}",
            expires_at=months_later(claim.at, LOT_MONTHS),
            actor=("MEMBER", str(household.customer_id)),
        )
        for claim in claims(household)
    ]


def _manual(household: Household) -> list[Movement]:
    chance = household.seeded("manual points")
    at = household.timeline.start + dt.timedelta(days=chance.randint(200, 330), hours=chance.randint(14, 22))
    planned: list[Movement] = []
    if household.number % 3 == 0:
        planned.append(_by_staff(household, at, "COMP", points=chance.choice((25, 50, 75)), reason="goodwill"))
    if household.number % 7 == 3:
        planned.append(_by_staff(household, at + dt.timedelta(days=2), "ADJUST", points=-10, reason="correction"))
    if household.number % 10 == 6:
        planned.append(_by_staff(household, at + dt.timedelta(days=4), "ADJUST", points=50, reason="missing_points"))
    if household.number == EXECUTED_APPROVAL:
        at, asked_at = (household.timeline.before_end(days=days) for days in (4, 5))
        comp = _by_staff(household, at, "COMP", points=750, reason="service_recovery")
        planned.append(msgspec.structs.replace(comp, approval_id=household.id(asked_at, "approval")))
    return planned


def _by_staff(household: Household, at: dt.datetime, kind: str, *, points: int, reason: str) -> Movement:
    key = f"{reason}:{points}"
    return Movement(
        at=at,
        account="points",
        kind=kind,
        points=points,
        source="manual",
        key=key,
        reference_id=f"CASE-{household.number}",
        description="Adjusted by customer care",
        expires_at=months_later(at, LOT_MONTHS) if points > 0 else None,
        actor=("STAFF", agent(household.number)),
        reason_code=reason,
        internal_note=f"Agreed on the phone, case {household.number}",
        customer_visible_reason="With thanks for your patience" if points > 0 else None,
        correlation_id=f"import-{household.number}-{reason}",
    )


def _reversal(household: Household, movement: Movement, entry_id: EntityId) -> Movement:
    return Movement(
        at=movement.at + dt.timedelta(minutes=30),
        account=movement.account,
        kind="REVERSAL",
        points=-movement.points,
        source="manual",
        key=f"reversal:{entry_id}",
        reference_id=f"CASE-{household.number}",
        description="Adjustment reversed",
        actor=movement.actor,
        reason_code="entered_in_error",
        internal_note="Points were not missing",
        reverses=entry_id,
        correlation_id=f"import-{household.number}-entered_in_error",
    )
