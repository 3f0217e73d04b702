"""For how long an upstream is left alone, by what its answers tell."""

import pytest

from datasources.http.pace import Pace

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, None),
        (500, {"retry-after": "9"}, None),
        (429, {}, 1),
        (429, {"retry-after": "7"}, 7),
        (429, {"retry-after": "0"}, 1),
        (429, {"retry-after": "Mon, 21 Sep 2026 14:13:30 GMT"}, 10),
        (429, {"retry-after": "Mon, 21 Sep 2020 14:13:30 GMT"}, 1),
        (429, {"retry-after": "soon"}, 1),
        (429, {"retry-after": "-5"}, 1),
        (429, {"retry-after": "999999"}, 3_600),
        (429, {"x-ratelimit-reset": "30"}, 30),
        (429, {"x-rate-limit-reset": str(int(NOW) + 40)}, 40),
        (429, {"x-ratelimit-reset": str(int(NOW * 1_000) + 50_000)}, 50),
        (429, {"ratelimit": '"default";r=0;t=12'}, 12),
        (503, {}, None),
        (503, {"retry-after": "3"}, 3),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": "15"}, 15),
        (200, {"ratelimit-remaining": "1", "ratelimit-reset": "15"}, None),
        (200, {"x-ratelimit-remaining": "0"}, None),
        (200, {"ratelimit": "limit=10, remaining=0, reset=20"}, 20),
        (200, {"ratelimit": '"burst";r=5;t=20'}, None),
        (200, {"x-ratelimit-remaining": "many", "x-ratelimit-reset": "20"}, None),
    ],
)
def test_calls_are_held_back_until_the_time_that_was_told(
    status: int, headers: dict[str, str], seconds: int | None
) -> None:
    clock = [0.0]
    pace = Pace(lambda: clock[0], lambda: NOW)
    pace.heed(status, headers)
    assert pace.is_held is (seconds is not None)
    if seconds is not None:
        clock[0] = seconds - 0.01
        assert pace.is_held
        clock[0] = seconds
        assert not pace.is_held


def test_a_later_answer_shortens_no_pause() -> None:
    clock = [0.0]
    pace = Pace(lambda: clock[0], lambda: NOW)
    pace.heed(429, {"retry-after": "60"})
    pace.heed(429, {"retry-after": "1"})
    clock[0] = 59.0
    assert pace.is_held
