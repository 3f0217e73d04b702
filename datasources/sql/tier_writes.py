"""Tiers written in SQL: changes by hand."""

from typing import ClassVar

from datasources.audit import AuditChange
from datasources.ids import EntityId
from datasources.program import Tier, TierSystem
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.outcomes import Outcomes
from datasources.sql.tier_evaluation import entry_of
from datasources.sql.tier_ladder import Step, TierLadder, as_entered, enter, tell
from datasources.sql.unit_of_work import SqlWriter, Unit, told_at
from datasources.tiers import (
    HeldTier,
    TierAdjustment,
    TierChangeReason,
    TierDirection,
    TierShown,
    behind,
    check_adjusted,
    check_protection,
    direction,
    known_tier,
    passed_over,
    system_of,
    tier_of,
)
from datasources.writing import Write, Written


class SqlTierWrites(SqlWriter):
    """Serves `datasources.tiers.TierWriter`."""

    domain: ClassVar[Domain] = Domain.TIERS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._ladder = TierLadder(database)
        self._outcomes = Outcomes(database)

    async def adjust(self, write: Write, asked: TierAdjustment) -> Written[TierShown]:
        """See TierWriter."""
        return await self.carry_out(write, asked.customer_id, ("change",), lambda unit: self._adjusted(unit, asked))

    def _adjusted(self, unit: Unit, asked: TierAdjustment) -> Statements[TierShown]:
        system = system_of(unit.write.program, asked.system_key)
        to = known_tier(system, asked.tier_key)
        check_protection(asked.protect_until, unit.write.now)
        held: HeldTier | None = yield from self._ladder.held(unit, system)
        before = None if held is None else tier_of(system, held.tier_key)
        way = direction(before, to)
        unit.check_standing(grants=way is TierDirection.UP)
        check_adjusted(asked, way)
        step = _step(unit, asked, system, held, to)
        change = enter(unit, step)
        yield from self._awarded(unit, asked, step)
        tell(unit, step)
        _audit(unit, step)
        if not unit.write.dry_run:
            return TierShown(change)
        counting = yield from self._ladder.counting(unit, system, held)
        return TierShown(change, as_entered(unit, step, counting.trailing))

    def _awarded(self, unit: Unit, asked: TierAdjustment, step: Step) -> Statements[None]:
        """What is granted for the tiers on the way, lowest first, as far as it was asked for."""
        tiers: list[tuple[Tier, str]] = []
        if asked.award_skipped_outcomes:
            tiers += ((tier, "awardSkippedOutcomes") for tier in passed_over(step.system, step.from_, step.to))
        if asked.award_entry_outcomes:
            tiers.append((step.to, "awardEntryOutcomes"))
        for tier, path in tiers:
            yield from told_at(self._outcomes.award(unit, tier.outcomes, entry_of(step, tier)), path)


def _step(unit: Unit, asked: TierAdjustment, system: TierSystem, held: HeldTier | None, to: Tier) -> Step:
    write = unit.write
    return Step(
        system=system,
        held=held,
        to=to,
        reason=TierChangeReason.MANUAL,
        actor=write.actor,
        at=behind(held, write.now),
        id=EntityId(unit.ids["change"]),
        # The customer reads the history of their tiers.
        note=write.reason.customer_visible_reason,
        protected_until=asked.protect_until,
    )


def _audit(unit: Unit, step: Step) -> None:
    held, key = step.held, f"tiers.{step.system.key}"
    until = None if held is None or held.protected_until is None else held.protected_until.isoformat()
    protection = None if step.protection is None else step.protection.isoformat()
    changes = [AuditChange(f"{key}.tier", None if held is None else held.tier_key, step.to.key)]
    if until != protection:
        changes.append(AuditChange(f"{key}.protectedUntil", until, protection))
    before = step.from_
    unit.audit(f"Tier {step.to.name}" if before is None else f"Tier {before.name} to {step.to.name}", changes)
