"""What a read derives from the program's clock, at moments after the demo's own."""

import datetime as dt
from typing import Any

import pytest

from tests.demo import Demo
from tests.harness import opened

CARDS = """
{
  customer(by: { supportId: "CJ-000028" }) {
    all: cards { totalCount nodes { status availableActions { action enabled } } }
    expired: cards(status: [EXPIRED]) { totalCount nodes { lastFour } }
    registered: cards(status: [REGISTERED]) { totalCount nodes { lastFour } }
  }
  stolen: customer(by: { supportId: "CJ-000052" }) { cards { nodes { status expiresAt } } }
}
"""

TIERS = """
{
  customer(by: { supportId: "CJ-000017" }) {
    tiers { nodes { tier { key } status expiresAt progress remainingToNext } }
  }
}
"""


async def after(demo: Demo, days: int, query: str) -> Any:
    """The data that the query finds so many days after the demo's own moment."""
    async with opened(demo.url) as gateway:
        gateway.now += dt.timedelta(days=days)
        answer = await gateway.run(query)
    assert answer.told == []
    return answer.data


async def test_a_card_past_its_date_is_expired_for_status_filter_and_actions(demo: Demo) -> None:
    found = await after(demo, 5 * 365, CARDS)
    reloadable, gift = found["customer"]["all"]["nodes"]
    enabled = [action["action"] for action in gift["availableActions"] if action["enabled"]]
    assert (reloadable["status"], gift["status"]) == ("REGISTERED", "EXPIRED")
    assert enabled == ["cardRemove", "cardNicknameSet"]
    assert found["customer"]["expired"] == {"totalCount": 1, "nodes": [{"lastFour": "0028"}]}
    assert found["customer"]["registered"] == {"totalCount": 1, "nodes": [{"lastFour": "0028"}]}


async def test_a_stolen_card_stays_stolen_past_its_date(demo: Demo) -> None:
    found = await after(demo, 5 * 365, CARDS)
    assert found["stolen"]["cards"]["nodes"] == [
        {"status": "REGISTERED", "expiresAt": None},
        {"status": "STOLEN", "expiresAt": "2028-02-16T20:00:00Z"},
    ]


@pytest.mark.parametrize(
    ("days", "status", "progress", "remaining"),
    [(0, "ACTIVE", "2289.59", "1710.41"), (3 * 365, "EXPIRED", "0", "4000")],
)
async def test_tier_progress_counts_the_trailing_window_alone(
    demo: Demo, days: int, status: str, progress: str, remaining: str
) -> None:
    found = await after(demo, days, TIERS)
    (tier,) = found["customer"]["tiers"]["nodes"]
    assert (tier["tier"]["key"], tier["status"], tier["progress"], tier["remainingToNext"]) == (
        "gold",
        status,
        progress,
        remaining,
    )
