"""The tiers of a customer under the customer's lock: what is held, what counts, and how another tier is entered."""

import datetime as dt
from typing import Any

import msgspec
from sqlalchemy import Date, Select, String, Uuid, bindparam, case, select

from datasources.ids import EntityId
from datasources.ledger import months_later
from datasources.program import Tier, TierSystem
from datasources.recording import Facts, Happened
from datasources.sql.changes import inserted, upserted
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.statements import total
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days
from datasources.sql.unit_of_work import Unit
from datasources.tiers import (
    Counting,
    CustomerTierRow,
    HeldTier,
    Qualifying,
    TierChangeReason,
    TierChangeRow,
    TierDirection,
    direction,
    tier_of,
    window_start,
)
from datasources.values import ActorRef

ENTERED, CHANGED = upserted(customer_tiers), inserted(tier_changes)
COUNTED = upserted(tier_days, added=("amount_minor",))
CUSTOMER, SYSTEM = bindparam("customer", type_=Uuid()), bindparam("system", type_=String())
ACTIVE = "ACTIVE"
EVENTS = {
    TierDirection.UP: "tier_promoted",
    TierDirection.DOWN: "tier_dropped",
    TierDirection.SAME: "tier_adjusted",
}


class Step(msgspec.Struct, frozen=True):
    """A change of tier as it is decided on: from what is held, if anything, to another tier."""

    system: TierSystem
    held: HeldTier | None
    to: Tier
    reason: TierChangeReason
    actor: ActorRef
    at: dt.datetime
    id: EntityId
    note: str | None = None
    protected_until: dt.datetime | None = None

    @property
    def from_(self) -> Tier | None:
        """The tier that is left."""
        return None if self.held is None else tier_of(self.system, self.held.tier_key)

    @property
    def protection(self) -> dt.datetime | None:
        """Until when a tier is protected: staff say so anew, a purchase or a return leaves it as it was."""
        if self.reason is TierChangeReason.MANUAL:
            return self.protected_until
        return None if self.held is None else self.held.protected_until

    @property
    def ends_at(self) -> dt.datetime | None:
        """When the tier ends unless it is earned anew: the lowest of the system never does."""
        lowest = min(tier.rank for tier in self.system.tiers)
        return None if self.to.rank == lowest else months_later(self.at, self.system.window_months)


class TierLadder:
    """Reads what the rules decide by."""

    def __init__(self, database: Database) -> None:
        self._held = Prepared(_held(), HeldTier, database.dialect)
        self._counting = Prepared(_counting(), Counting, database.dialect)

    def held(self, unit: Unit, system: TierSystem) -> Statements[HeldTier | None]:
        """The tier held in the system, None before the first one."""
        found = yield Sent(self._held, {"customer": unit.customer_id, "system": system.key})
        return found[0] if found else None

    def counting(self, unit: Unit, system: TierSystem, held: HeldTier | None) -> Statements[Counting]:
        """What counts toward the system's tiers."""
        now = unit.write.now
        windows = {
            "trailing": window_start(now, system.window_months),
            "earliest": window_start(now if held is None else held.entered_at, system.window_months),
        }
        whose = {"customer": unit.customer_id, "system": system.key, "today": now.astimezone(dt.UTC).date()}
        (found,) = yield Sent(self._counting, whose | windows)
        counting: Counting = found
        return counting


def count(unit: Unit, system: TierSystem, qualifying: Qualifying) -> None:
    """Have what a purchase or a return comes to added to its day."""
    amount = qualifying.counted(system.qualifying_metric)
    if amount:
        day = qualifying.occurred_at.astimezone(dt.UTC).date()
        row = {"customer_id": unit.customer_id, "system_key": system.key, "day": day, "amount_minor": amount}
        unit.change(COUNTED, row)


def enter(unit: Unit, step: Step) -> TierChangeRow:
    """Have the tier made the current one, and the step written into the history (inv-T1, inv-T3)."""
    held, by_hand = step.held, step.reason is TierChangeReason.MANUAL
    floor = (step.to.key if step.protected_until else None) if by_hand else (held and held.protected_key)
    unit.change(
        ENTERED,
        {
            "customer_id": unit.customer_id,
            "system_key": step.system.key,
            "tier_key": step.to.key,
            "status": ACTIVE,
            "entered_at": step.at,
            "expires_at": step.ends_at,
            "protected_key": floor,
            "protected_until": step.protection,
        },
    )
    row = _row(unit, step)
    columns = msgspec.structs.asdict(row)
    values = {"direction": row.direction.value, "reason": row.reason.value}
    unit.change(CHANGED, columns | values | {"note": unit.seal(row.note, "tier_changes.note")})
    return row


def tell(unit: Unit, step: Step, **more: int) -> None:
    """The event of a step; `more` are facts besides."""
    before = step.from_
    facts: Facts = {"from_tier": None if before is None else before.name, "to_tier": step.to.name}
    by_hand = step.reason is TierChangeReason.MANUAL
    type_ = "tier_adjusted" if by_hand else EVENTS[direction(before, step.to)]
    unit.record(Happened(type_, {**facts, "reason": step.reason.value, **more}, step.id))


def as_entered(unit: Unit, step: Step, counted: int) -> CustomerTierRow:
    """The tier as readers see it once it is entered."""
    return CustomerTierRow(
        customer_id=unit.customer_id,
        system_key=step.system.key,
        tier_key=step.to.key,
        status=ACTIVE,
        entered_at=step.at,
        expires_at=step.ends_at,
        protected_until=step.protection,
        counted=counted,
    )


def _row(unit: Unit, step: Step) -> TierChangeRow:
    return TierChangeRow(
        customer_id=unit.customer_id,
        id=step.id,
        system_key=step.system.key,
        from_key=None if step.held is None else step.held.tier_key,
        to_key=step.to.key,
        direction=direction(step.from_, step.to),
        reason=step.reason,
        note=step.note,
        at=step.at,
        actor_kind=step.actor.kind.value,
        actor_id=step.actor.id,
    )


def _held() -> Select[Any]:
    columns = (customer_tiers.c[name] for name in HeldTier.__struct_fields__)
    return select(*columns).where(customer_tiers.c.customer_id == CUSTOMER, customer_tiers.c.system_key == SYSTEM)


def _counting() -> Any:
    day, amount = tier_days.c.day, tier_days.c.amount_minor
    within = case((day > bindparam("trailing", type_=Date()), amount), else_=0)
    columns = (total(within).label("trailing"), total(amount).label("since_entry"))
    return select(*columns).where(
        tier_days.c.customer_id == CUSTOMER,
        tier_days.c.system_key == SYSTEM,
        day > bindparam("earliest", type_=Date()),
        day <= bindparam("today", type_=Date()),
    )
