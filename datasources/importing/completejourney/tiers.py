"""Tiers of a household by what it spent in the trailing twelve months, with their history.

Everyone enters at `base` (ENROLLED). A purchase that lifts the trailing sum of totals to a threshold promotes at once
(QUALIFIED), never while the household is restricted or blocked. Every twelfth household had its tier of another program
matched: staff put it on `silver` (MANUAL), protected for 180 days; when the protection ends with less than the threshold
spent, it drops back (MAINTENANCE_FAILED). A tier above base lasts twelve months from its entry.
"""

import datetime as dt
from collections import defaultdict

import msgspec

from datasources.ids import EntityId
from datasources.importing.demo_program import TIER_SYSTEM, TIERS
from datasources.program import Tier
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days

from .household import Household
from .people import agent
from .purchases import Purchase
from .stream import Stream
from .timeline import months_later

PROTECTED_DAYS = 180
MATCHED = "silver"
BY_KEY = {tier.key: tier for tier in TIERS}


class Step(msgspec.Struct, frozen=True):
    """A change of tier."""

    at: dt.datetime
    from_: Tier | None
    to: Tier
    reason: str
    actor: tuple[str, str]

    @property
    def direction(self) -> str:
        """UP, DOWN or SAME, by rank."""
        before = 0 if self.from_ is None else self.from_.rank
        return "UP" if self.to.rank > before else "DOWN" if self.to.rank < before else "SAME"


class TierStory(msgspec.Struct, frozen=True):
    """The steps in their order, and until when staff protected the tier."""

    steps: list[Step]
    protected_until: dt.datetime | None

    def tier_at(self, at: dt.datetime) -> Tier:
        """The tier held at an instant; base before the first step."""
        held = TIERS[0]
        for step in self.steps:
            if step.at <= at:
                held = step.to
        return held


def derive(household: Household, purchases: list[Purchase]) -> TierStory:
    """Works out the history and writes it, with the current tier and what was spent by day."""
    counted = [bought for bought in purchases if bought.accrues]
    story = _story(household, counted)
    days: dict[dt.date, int] = defaultdict(int)
    for bought in counted:
        days[bought.at.date()] += bought.total
    for day, amount in days.items():
        household.own(tier_days, system_key=TIER_SYSTEM, day=day, amount_minor=amount)
    for step in story.steps:
        _write_step(household, step)
    last = story.steps[-1]
    household.own(
        customer_tiers,
        system_key=TIER_SYSTEM,
        tier_key=last.to.key,
        status="ACTIVE",
        entered_at=last.at,
        expires_at=None if last.to.rank == 1 else months_later(last.at, 12),
        protected_key=None if story.protected_until is None else MATCHED,
        protected_until=story.protected_until,
    )
    return story


def record_events(household: Household, stream: Stream, story: TierStory) -> None:
    """An event for each change after the enrolment."""
    for step in story.steps[1:]:
        type_ = (
            "tier_adjusted"
            if step.reason == "MANUAL"
            else "tier_promoted"
            if step.direction == "UP"
            else "tier_dropped"
        )
        facts = {"from_tier": step.from_.name if step.from_ else None, "to_tier": step.to.name, "reason": step.reason}
        stream.record(
            type_, step.at, f"tier:{step.at.isoformat()}:{step.to.key}", facts, reference=_step_id(household, step)
        )


def _story(household: Household, counted: list[Purchase]) -> TierStory:
    steps = [Step(household.enrolled_at, None, TIERS[0], "ENROLLED", ("SYSTEM", "tiers"))]
    protected_until = None
    if household.number % 12 == 5:
        matched = household.enrolled_at + dt.timedelta(days=1)
        protected_until = matched + dt.timedelta(days=PROTECTED_DAYS)
        steps.append(Step(matched, TIERS[0], BY_KEY[MATCHED], "MANUAL", ("STAFF", agent(household.number))))
    reviewed = protected_until is None
    spent: list[tuple[dt.datetime, int]] = []
    for bought in counted:
        if protected_until is not None and not reviewed and bought.at >= protected_until:
            reviewed = True
            _review(steps, spent, protected_until)
        spent.append((bought.at, bought.total))
        _promote(steps, bought.at, _trailing(spent, bought.at))
    if protected_until is not None and not reviewed and protected_until < household.timeline.end:
        _review(steps, spent, protected_until)
    return TierStory(steps, protected_until)


def _trailing(spent: list[tuple[dt.datetime, int]], at: dt.datetime) -> int:
    since = months_later(at, -12)
    return sum(amount for when, amount in spent if when > since)


def _promote(steps: list[Step], at: dt.datetime, trailing: int) -> None:
    earned = max((tier for tier in TIERS if tier.entry_threshold_hundredths <= trailing), key=lambda tier: tier.rank)
    held = steps[-1].to
    if earned.rank > held.rank:
        steps.append(Step(at, held, earned, "QUALIFIED", ("SYSTEM", "tiers")))


def _review(steps: list[Step], spent: list[tuple[dt.datetime, int]], at: dt.datetime) -> None:
    held = steps[-1].to
    trailing = _trailing(spent, at)
    if trailing < held.entry_threshold_hundredths:
        kept = max((tier for tier in TIERS if tier.entry_threshold_hundredths <= trailing), key=lambda tier: tier.rank)
        steps.append(Step(at, held, kept, "MAINTENANCE_FAILED", ("SYSTEM", "tiers")))


def _step_id(household: Household, step: Step) -> EntityId:
    return household.id(step.at, "tier", step.to.key)


def _write_step(household: Household, step: Step) -> None:
    kind, actor = step.actor
    note = "Matched to the tier of another program" if step.reason == "MANUAL" else None
    household.own(
        tier_changes,
        id=_step_id(household, step),
        system_key=TIER_SYSTEM,
        from_key=step.from_.key if step.from_ else None,
        to_key=step.to.key,
        direction=step.direction,
        reason=step.reason,
        note=None if note is None else household.seal(note, "tier_changes.note"),
        at=step.at,
        actor_kind=kind,
        actor_id=actor,
    )
