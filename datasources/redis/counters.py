"""What the gateways of a program count together: `datasources.counting.Counters` in Redis."""

import hashlib

from datasources.counting import Counters, Rate
from datasources.fingerprints import derived_key
from datasources.redis.client import RedisClient, RedisDown

TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local settled_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local wait = settled_at - now - ARGV[2]
if wait > 0 then
    return math.ceil(wait)
end
settled_at = settled_at + ARGV[1]
redis.call('SET', KEYS[1], settled_at, 'PX', math.ceil(settled_at - now))
return 0
"""
"""The generic cell rate algorithm in milliseconds of the server's clock: interval and how far ahead one may be."""
NAME = 16


class RedisCounters:
    """Serves `datasources.counting.Counters`; while Redis is down each process counts for itself, by `alone`.

    Names are kept as keyed hashes: they may tell who somebody is.
    """

    def __init__(self, client: RedisClient, prefix: str, secret: bytes, alone: Counters) -> None:
        self._client, self._prefix, self._alone = client, f"{prefix}:count:".encode(), alone
        self._naming = derived_key(secret, "names of counters")

    async def take(self, name: str, rate: Rate) -> float:
        """See Counters."""
        key = self._prefix + hashlib.blake2b(name.encode(), key=self._naming, digest_size=NAME).digest()
        try:
            # By its text, which the server knows again, so that there is none to be lost.
            (wait_ms,) = await self._client.send(("EVAL", TAKE, 1, key, rate.interval_s * 1_000, rate.ahead_s * 1_000))
        except RedisDown:
            return await self._alone.take(name, rate)
        return int(wait_ms) / 1_000
