"""Campaigns written in SQL: completed by hand."""

from typing import Any, ClassVar

import msgspec
from sqlalchemy import FromClause, Select, String, Uuid, bindparam, select

from datasources.audit import AuditChange
from datasources.campaigns import (
    CampaignCompletion,
    CampaignShown,
    CampaignType,
    CustomerCampaignRow,
    completed,
)
from datasources.outcomes import Outcome
from datasources.recording import Happened
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.sql.campaigns import CAMPAIGN
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Sent, Statements
from datasources.sql.outcomes import Cause, Outcomes
from datasources.sql.tables.campaigns import campaigns, customer_campaigns
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import SqlWriter, Unit, told_at
from datasources.writing import Refusal, Write, Written

REFERENCE = "CAMPAIGN"
"""Reference type of what is granted for completing a campaign (H8)."""


def _moved(place: Place) -> Any:
    own = customer_campaigns.c
    return (
        customer_campaigns.update()
        .where(own.customer_id == place.bind("customer", Uuid()), own.id == place.bind("id", Uuid()))
        .values(
            status=place.bind("status", String()),
            completed_at=place.bind("completed_at", Instant()),
            completed_by_kind=place.bind("completed_by_kind", String()),
            completed_by_id=place.bind("completed_by_id", String()),
            version=own.version + 1,
        )
    )


MOVED = Change(_moved)


class Targeted(msgspec.Struct, frozen=True):
    """A customer's campaign, with what completing it grants."""

    row: CustomerCampaignRow
    outcomes: tuple[Outcome, ...]


class SqlCampaignWrites(SqlWriter):
    """Serves `datasources.campaigns.CampaignWriter`."""

    domain: ClassVar[Domain] = Domain.CAMPAIGNS

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._targeted = Prepared(_targeted(), _read_targeted, database.dialect)
        self._outcomes = Outcomes(database)

    async def complete(self, write: Write, asked: CampaignCompletion) -> Written[CampaignShown]:
        """See CampaignWriter."""
        customer = asked.customer_campaign_id[0]
        return await self.carry_out(write, customer, (), lambda unit: self._completed(unit, asked))

    def _completed(self, unit: Unit, asked: CampaignCompletion) -> Statements[CampaignShown]:
        customer, id_ = asked.customer_campaign_id
        found: list[Targeted] = yield Sent(self._targeted, {"customer": customer, "id": id_, "now": unit.write.now})
        if not found:
            raise Refusal(UserErrorCode.NOT_FOUND, "The customer has no such campaign.", "customerCampaignId")
        (targeted,) = found
        unit.check_standing(grants=asked.award_outcomes)
        before, after = targeted.row, completed(targeted.row, unit.write.actor, unit.write.now)
        columns = {name: getattr(after, name) for name in ("completed_at", "completed_by_kind", "completed_by_id")}
        unit.change(MOVED, {"customer": customer, "id": id_, "status": after.status.value} | columns)
        if asked.award_outcomes:
            cause = Cause(REFERENCE, before.campaign_key, f"Completed {before.name}")
            yield from told_at(self._outcomes.award(unit, targeted.outcomes, cause), "awardOutcomes")
        if before.type is CampaignType.LOYALTY_RULE:
            facts = {"rule_name": before.name, "outcome": "Completed by hand"}
            unit.record(Happened("loyalty_rule_completed", facts, before.id))
        change = AuditChange(f"campaigns.{before.campaign_key}.status", before.status.value, after.status.value)
        unit.audit(f"Campaign {before.name} completed", (change,))
        return CampaignShown(after)


def _targeted() -> Select[Any]:
    found: FromClause = customer_campaigns
    for other, condition in CAMPAIGN.joined:
        found = found.outerjoin(other, condition)
    own = customer_campaigns.c
    whose = own.customer_id == bindparam("customer", type_=Uuid())
    return (
        select(*CAMPAIGN.columns, campaigns.c.outcomes)
        .select_from(found)
        .where(whose, own.id == bindparam("id", type_=Uuid()))
    )


def _read_targeted(*values: Any) -> Targeted:
    *row, outcomes = values
    return Targeted(CAMPAIGN.make(*row), outcomes)
