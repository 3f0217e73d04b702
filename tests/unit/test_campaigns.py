import pytest

from datasources.campaigns import CampaignProgress


@pytest.mark.parametrize(
    ("current", "target", "percent"),
    [(0, 1_000, 0.0), (300, 1_000, 30.0), (100, 300, 33.333333333333336), (1_200, 1_000, 100.0), (0, 0, 100.0)],
)
def test_percent_goes_from_0_to_100(current, target, percent):
    assert CampaignProgress(current, target, "visits").percent == percent


def test_progress_is_told_in_the_campaigns_unit():
    progress = CampaignProgress(150, 1_000, "visits")
    assert (progress.current, progress.target, progress.unit) == ("1.5", "10", "visits")
