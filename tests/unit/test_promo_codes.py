import datetime as dt
from uuid import UUID

import pytest

from datasources.ids import CustomerId
from datasources.promo_codes import LockoutRow

NOW = dt.datetime(2026, 1, 26, 5, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
CUSTOMER = CustomerId(UUID(int=1))


@pytest.mark.parametrize(
    ("locked_at", "expires_at", "is_locked"),
    [
        (None, None, False),
        (NOW, NOW + HOUR, True),
        (NOW - HOUR, NOW, False),
        (NOW - HOUR, None, True),
        (NOW + HOUR, None, False),
    ],
)
def test_a_lockout_lasts_until_it_expires_by_the_clock(locked_at, expires_at, is_locked):
    assert LockoutRow(CUSTOMER, locked_at, expires_at, 5, 5).is_locked(NOW) is is_locked
