"""A source behind its limits."""

import asyncio
from contextlib import nullcontext
from typing import Any

from datasources.errors import SourceError, SourceTimedOut, SourceUnreadable
from datasources.ids import CustomerId
from datasources.kinds import SourceSettings
from datasources.layers import Layer, Layered
from datasources.registry import Domain, Source
from datasources.resilience.breaker import Breaker, Tripping
from datasources.resilience.bulkhead import Bulkhead
from datasources.resilience.happenings import Note, unnoted
from datasources.resilience.keeping import Keeping
from datasources.resilience.limits import Limits
from datasources.resilience.retries import Retries
from datasources.resilience.timeouts import Timeouts
from datasources.resilience.typed import Typed


class Guarded:
    """Serves Source: readers of all domains share the limits of their source. Made in the loop that it is asked in.

    Writers have none: what is told to keep something bounds its own time, and is never told twice.
    """

    def __init__(
        self, source: Source, settings: SourceSettings, note: Note = unnoted, *, is_typed: bool = True
    ) -> None:
        """The answers of a source that is not typed are held to the types of its domains."""
        loop, name = asyncio.get_running_loop(), source.name
        self.source, self.name, self.reads, self.writes = source, name, source.reads, source.writes
        self._limit_s = settings.timeout_ms / 1_000
        tripping = Tripping(
            settings.breaker_percent, settings.breaker_calls, settings.breaker_window_s, settings.breaker_open_s
        )
        self.limits = Limits(
            name,
            breaker=Breaker(name, tripping, note, loop.time),
            retries=Retries(name, settings.retries, settings.retry_percent, note),
            bulkhead=Bulkhead(name, settings.parallel, note),
            timeouts=Timeouts(name, self._limit_s, note, loop),
        )
        self._keeping = Keeping(name, settings.stale_if_error_s, note, loop.time)
        kept: tuple[Layer, ...] = (self._keeping,) if settings.stale_if_error_s else ()
        typed: tuple[Layer, ...] = () if is_typed else (Typed(name),)
        self._layers = (*kept, self.limits, *typed)

    def around(self, reader: Any) -> Any:
        """A reader of the source behind its limits."""
        return Layered(reader, *self._layers)

    def reader(self, domain: Domain) -> Any:
        """See Source."""
        return self.around(self.source.reader(domain))

    def writer(self, domain: Domain) -> Any:
        """See Source."""
        return self.source.writer(domain)

    async def open(self) -> None:
        """See Source."""
        await self.source.open()

    async def close(self) -> None:
        """See Source."""
        await self.source.close()

    async def ping(self) -> None:
        """See Source. While the breaker is open it is a probe, or the source is not asked."""
        breaker = self.limits.breaker
        with breaker.probe() if breaker.is_open else nullcontext():
            await self._pinged()

    def is_failing(self, domain: Domain) -> bool:
        """True where it answers, but did not answer every call for the domain lately."""
        return self.limits.breaker.has_failures(domain)

    def changed(self, customer: CustomerId) -> None:
        """Answer no more by what was known of a customer before."""
        self._keeping.forget(customer)

    async def _pinged(self) -> None:
        try:
            async with asyncio.timeout(self._limit_s):
                await self.source.ping()
        except SourceError:
            raise
        except TimeoutError as error:
            raise SourceTimedOut(self.name, "answering") from error
        except Exception as error:
            raise SourceUnreadable(self.name, "answering") from error
