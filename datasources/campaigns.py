"""Campaigns that target customers, and how far each customer has come. Rules: requirements 1.N."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.paging import Page, PageRequest
from datasources.program import hundredths
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef, actor_of
from datasources.writing import Refusal, Write, Writer, Written


class CampaignType(Enum):
    """What a campaign does (N5)."""

    PROMOTION = "PROMOTION"
    MESSAGING = "MESSAGING"
    LOYALTY_RULE = "LOYALTY_RULE"


class CampaignStatus(Enum):
    """Where a customer stands in a campaign; EXPIRED is derived from the campaign's end (N3)."""

    ELIGIBLE = "ELIGIBLE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    EXPIRED = "EXPIRED"


class CampaignTab(Enum):
    """Parts of a customer's list; a campaign that ended without completion is under ALL only (N11)."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    ALL = "ALL"


class CampaignProgress(msgspec.Struct, frozen=True):
    """How far a customer has come, in hundredths of the unit."""

    current_hundredths: int
    target_hundredths: int
    unit: str

    @property
    def current(self) -> str:
        """What was reached, as a decimal number."""
        return hundredths(self.current_hundredths)

    @property
    def target(self) -> str:
        """What completes the campaign, as a decimal number."""
        return hundredths(self.target_hundredths)

    @property
    def percent(self) -> float:
        """0 to 100, however far beyond the target the customer has come."""
        if self.target_hundredths <= 0:
            return 100.0
        return max(0.0, min(100.0, 100 * self.current_hundredths / self.target_hundredths))


class CustomerCampaignRow(msgspec.Struct, frozen=True, array_like=True):
    """A campaign that targets a customer, as of the request's clock."""

    customer_id: CustomerId
    id: EntityId
    campaign_key: str
    name: str
    type: CampaignType
    status: CampaignStatus
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    completed_at: dt.datetime | None
    completed_by_kind: str | None
    completed_by_id: str | None
    progress_hundredths: int | None
    target_hundredths: int | None
    unit: str | None

    @property
    def campaign_id(self) -> str:
        """The campaign's key in the program."""
        return self.campaign_key

    @property
    def completed_by(self) -> ActorRef | None:
        """Who or what completed it."""
        return actor_of(self.completed_by_kind, self.completed_by_id)

    @property
    def progress(self) -> CampaignProgress | None:
        """How far the customer has come; None where there is nothing to count (N10)."""
        if self.target_hundredths is None or self.unit is None:
            return None
        return CampaignProgress(self.progress_hundredths or 0, self.target_hundredths, self.unit)


TRANSITIONS: Mapping[tuple[CampaignStatus, str], CampaignStatus] = {
    (CampaignStatus.ELIGIBLE, "campaignComplete"): CampaignStatus.COMPLETED,
    (CampaignStatus.IN_PROGRESS, "campaignComplete"): CampaignStatus.COMPLETED,
}
"""Where a mutation leads from which status (requirements section 2); COMPLETED and EXPIRED are the last ones."""


class CampaignCompletion(msgspec.Struct, frozen=True):
    """A campaign that staff complete for a customer, with what it grants where that is asked for."""

    customer_campaign_id: OwnedId
    award_outcomes: bool = False


class CampaignShown(msgspec.Struct, frozen=True):
    """What came out: the customer's campaign afterwards."""

    campaign: CustomerCampaignRow


def completed(row: CustomerCampaignRow, by: ActorRef, now: dt.datetime) -> CustomerCampaignRow:
    """The customer's campaign once it is completed (N8). Raises Refusal."""
    at = "customerCampaignId"
    if row.status is CampaignStatus.COMPLETED:
        raise Refusal(UserErrorCode.ALREADY_DONE, "The campaign is completed already.", at)
    after = TRANSITIONS.get((row.status, "campaignComplete"))
    if after is None:
        raise Refusal(UserErrorCode.INVALID_TRANSITION, "The campaign has ended.", at)
    if row.starts_at > now:
        raise Refusal(UserErrorCode.INVALID_TRANSITION, "The campaign has not begun: wait until it has.", at)
    return msgspec.structs.replace(
        row, status=after, completed_at=now, completed_by_kind=by.kind.value, completed_by_id=by.id
    )


class CampaignFilter(msgspec.Struct, frozen=True):
    """Which campaigns of a customer."""

    tab: CampaignTab | None = None


class CampaignReader(Protocol):
    """Serves campaigns. Every method answers one result per key, in key order; raises SourceUnavailable, SourceTimedOut."""

    async def campaigns(
        self, customers: Sequence[CustomerId], page: PageRequest
    ) -> Sequence[Page[CustomerCampaignRow]]:
        """Campaigns last started first, one page per customer; `page.filter` is a CampaignFilter."""
        ...

    async def by_id(self, keys: Sequence[OwnedId], now: dt.datetime) -> Sequence[CustomerCampaignRow | None]:
        """Customers' campaigns by their id."""
        ...


class CampaignWriter(Writer, Protocol):
    """Changes campaigns. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def complete(self, write: Write, asked: CampaignCompletion) -> Written[CampaignShown]:
        """Complete a campaign for the customer, whatever their progress (N8)."""
        ...
