"""Tiers reckoned anew inside the transaction of a purchase or a return, which changes what counts toward them."""

from datasources.ids import new_id
from datasources.program import Tier, TierSystem
from datasources.registry import Domain
from datasources.sql.engine import Database, Statements
from datasources.sql.outcomes import Cause, Outcomes
from datasources.sql.tier_ladder import Step, TierLadder, count, enter, tell
from datasources.sql.unit_of_work import Unit
from datasources.tiers import (
    HeldTier,
    Qualifying,
    TierChangeReason,
    TierChangeRow,
    after_purchase,
    after_return,
    behind,
)
from datasources.values import ActorKind, ActorRef
from datasources.writing import Refusal

RULE = ActorRef(ActorKind.SYSTEM, "tiers")
"""Who changes a tier by what counts."""
ENTRY = "TIER_ENTRY"
"""Reference type of what is granted to who enters a tier (inv-T3)."""


class TierEvaluation:
    """Counts what a purchase or a return comes to, and moves the customer up or down."""

    def __init__(self, database: Database) -> None:
        self._ladder = TierLadder(database)
        self._outcomes = Outcomes(database)

    def purchased(self, unit: Unit, qualifying: Qualifying) -> Statements[tuple[TierChangeRow, ...]]:
        """The tiers that a purchase lifts the customer to, one a system at most, their outcomes granted.

        Not to be asked of a purchase that accrues nothing.
        """
        return (yield from self._evaluated(unit, qualifying, TierChangeReason.QUALIFIED))

    def returned(self, unit: Unit, qualifying: Qualifying) -> Statements[tuple[TierChangeRow, ...]]:
        """The tiers that a return lowers the customer to, one a system at most; `qualifying` holds negative numbers."""
        return (yield from self._evaluated(unit, qualifying, TierChangeReason.RETURN))

    def _evaluated(
        self, unit: Unit, qualifying: Qualifying, reason: TierChangeReason
    ) -> Statements[tuple[TierChangeRow, ...]]:
        for system in unit.write.program.tier_systems:
            unit.check_owned(Domain.TIERS)
            count(unit, system, qualifying)
        # What counts is read with what was just added.
        yield from unit.flush()
        changes: list[TierChangeRow] = []
        for system in unit.write.program.tier_systems:
            step = yield from self._step(unit, system, reason)
            if step is not None:
                changes.append(enter(unit, step))
                yield from self._granted(unit, step)
        return tuple(changes)

    def _step(self, unit: Unit, system: TierSystem, reason: TierChangeReason) -> Statements[Step | None]:
        held: HeldTier | None = yield from self._ladder.held(unit, system)
        counting = yield from self._ladder.counting(unit, system, held)
        if reason is TierChangeReason.RETURN:
            to = after_return(system, held, counting, unit.write.now)
        else:
            to = after_purchase(system, held, counting)
        return None if to is None else Step(system, held, to, reason, RULE, behind(held, unit.write.now), new_id())

    def _granted(self, unit: Unit, step: Step) -> Statements[None]:
        """What entering the tier grants, and the event of it.

        A purchase is not refused because its tier's outcome can't be had: the event tells how many were withheld.
        """
        withheld = 0
        for outcome in step.to.outcomes if step.reason is TierChangeReason.QUALIFIED else ():
            try:
                yield from self._outcomes.award(unit, (outcome,), entry_of(step, step.to))
            except Refusal:
                withheld += 1
        tell(unit, step, **({"outcomes_withheld": withheld} if withheld else {}))


def entry_of(step: Step, tier: Tier) -> Cause:
    """What a tier's outcomes are granted for: this one entry of it, or the passing of it on the way to a higher one."""
    told = f"Entered {tier.name}" if tier == step.to else f"Passed {tier.name}"
    return Cause(ENTRY, f"{step.id}:{tier.key}", told)
