"""How long another system wants to be left alone, as its answers tell."""

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
RESET = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
COMBINED_REMAINING = re.compile(r"\b(?:r|remaining)\s*=\s*(\d+)")
COMBINED_RESET = re.compile(r"\b(?:t|reset)\s*=\s*(\d+)")
"""In `RateLimit`, as the drafts of the IETF have had it (draft-ietf-httpapi-ratelimit-headers)."""

EPOCH = 1_000_000_000
"""A reset of more seconds than that is an instant, of fewer a duration: both are in use."""
SHORTEST_S, LONGEST_S = 1.0, 3_600.0
THROTTLED, UNAVAILABLE = 429, 503

Clock = Callable[[], float]


class Pace:
    """Holds calls back until the time that the system named, an hour at most."""

    def __init__(self, clock: Clock = time.monotonic, now: Clock = time.time) -> None:
        self._clock, self._now = clock, now
        self._held_until = float("-inf")

    @property
    def is_held(self) -> bool:
        """True while nothing may be asked."""
        return self._clock() < self._held_until

    def heed(self, status: int, headers: Mapping[str, str]) -> None:
        """Be held where an answer asks for that: it was one too many, or the last of its window."""
        wait = self._asked(status, headers)
        if wait is not None:
            until = self._clock() + min(max(wait, SHORTEST_S), LONGEST_S)
            self._held_until = max(self._held_until, until)

    def _asked(self, status: int, headers: Mapping[str, str]) -> float | None:
        """For how many seconds; None where calls may go on."""
        if status in (THROTTLED, UNAVAILABLE):
            after = self._seconds(headers.get("retry-after"))
            if after is not None or status == UNAVAILABLE:
                return after
            reset = self._reset(headers)
            return SHORTEST_S if reset is None else reset
        return self._reset(headers) if self._is_last(headers) else None

    def _is_last(self, headers: Mapping[str, str]) -> bool:
        combined = COMBINED_REMAINING.search(headers.get("ratelimit", ""))
        told = [headers.get(name, "").strip() for name in REMAINING] + ([combined[1]] if combined else [])
        return any(text.isdigit() and int(text) == 0 for text in told)

    def _reset(self, headers: Mapping[str, str]) -> float | None:
        combined = COMBINED_RESET.search(headers.get("ratelimit", ""))
        told = [headers.get(name) for name in RESET] + ([combined[1]] if combined else [])
        found = [seconds for text in told if (seconds := self._seconds(text)) is not None]
        return max(found, default=None)

    def _seconds(self, text: str | None) -> float | None:
        """The seconds from now that a text tells: as a number of them, an instant, or a date of HTTP."""
        if text is None:
            return None
        try:
            seconds = float(text)
        except ValueError:
            return self._until(text)
        if not 0 <= seconds < EPOCH * 10_000:
            return None
        instant = seconds / 1_000 if seconds > EPOCH * 100 else seconds
        return instant - self._now() if seconds > EPOCH else seconds

    def _until(self, text: str) -> float | None:
        try:
            return parsedate_to_datetime(text).timestamp() - self._now()
        except (ValueError, TypeError, OverflowError):
            return None
