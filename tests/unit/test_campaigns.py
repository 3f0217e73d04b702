import datetime as dt
from uuid import UUID

import pytest

from datasources.campaigns import CampaignProgress, CampaignStatus, CampaignType, CustomerCampaignRow, completed
from datasources.ids import CustomerId, EntityId
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind, ActorRef
from datasources.writing import Refusal


@pytest.mark.parametrize(
    ("current", "target", "percent"),
    [(0, 1_000, 0.0), (300, 1_000, 30.0), (100, 300, 33.333333333333336), (1_200, 1_000, 100.0), (0, 0, 100.0)],
)
def test_percent_goes_from_0_to_100(current, target, percent):
    assert CampaignProgress(current, target, "visits").percent == percent


def test_progress_is_told_in_the_campaigns_unit():
    progress = CampaignProgress(150, 1_000, "visits")
    assert (progress.current, progress.target, progress.unit) == ("1.5", "10", "visits")


NOW = dt.datetime(2026, 1, 26, 5, tzinfo=dt.UTC)
STAFF = ActorRef(ActorKind.STAFF, "anna")


def campaign(status, starts_at=NOW):
    return CustomerCampaignRow(
        CustomerId(UUID(int=1)),
        EntityId(UUID(int=2)),
        "spring",
        "Spring",
        CampaignType.PROMOTION,
        status,
        starts_at,
        *(None,) * 7,
    )


@pytest.mark.parametrize("status", [CampaignStatus.ELIGIBLE, CampaignStatus.IN_PROGRESS])
def test_a_running_campaign_is_completed_by_whoever_says_so(status):
    row = completed(campaign(status), STAFF, NOW)
    assert (row.status, row.completed_at, row.completed_by) == (CampaignStatus.COMPLETED, NOW, STAFF)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (campaign(CampaignStatus.COMPLETED), UserErrorCode.ALREADY_DONE),
        (campaign(CampaignStatus.EXPIRED), UserErrorCode.INVALID_TRANSITION),
        (campaign(CampaignStatus.ELIGIBLE, NOW + dt.timedelta(microseconds=1)), UserErrorCode.INVALID_TRANSITION),
    ],
)
def test_what_has_ended_is_over_and_what_has_not_begun_waits(row, code):
    with pytest.raises(Refusal) as refusal:
        completed(row, STAFF, NOW)
    assert (refusal.value.code, refusal.value.path) == (code, ("customerCampaignId",))
