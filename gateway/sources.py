"""The composition root: which source serves each domain, opened and closed with the process."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from datasources.errors import SourceError, SourceTimedOut, SourceUnavailable
from datasources.paging import Cursors
from datasources.program import Program
from datasources.registry import Domain
from datasources.sql.audit import SqlAudit
from datasources.sql.campaigns import SqlCampaigns
from datasources.sql.cards import SqlCards
from datasources.sql.devices import SqlDevices
from datasources.sql.engine import Database
from datasources.sql.events import SqlEvents
from datasources.sql.locations import SqlLocations
from datasources.sql.messages import SqlMessages
from datasources.sql.metrics import SqlMetrics
from datasources.sql.notes import SqlNotes
from datasources.sql.offers import SqlOffers
from datasources.sql.point_writes import SqlPointWrites
from datasources.sql.points import SqlPoints
from datasources.sql.privacy import SqlPrivacy
from datasources.sql.profiles import SqlProfiles
from datasources.sql.program import SqlProgram
from datasources.sql.promo_codes import SqlPromoCodes
from datasources.sql.rewards import SqlRewards
from datasources.sql.sealing import MasterKey
from datasources.sql.segments import SqlSegments
from datasources.sql.tags import SqlTags
from datasources.sql.tickets import SqlTickets
from datasources.sql.tiers import SqlTiers
from datasources.sql.transactions import SqlTransactions
from gateway.config import Settings
from permissions.model import Principal
from resolvers.context import Context, Sources, Unbound, Writers
from resolvers.throttling import Throttle

SQL: Mapping[Domain, Callable[[Database], Any]] = {
    Domain.PROFILES: SqlProfiles,
    Domain.METRICS: SqlMetrics,
    Domain.POINTS: SqlPoints,
    Domain.EVENTS: SqlEvents,
    Domain.TRANSACTIONS: SqlTransactions,
    Domain.OFFERS: SqlOffers,
    Domain.REWARDS: SqlRewards,
    Domain.CAMPAIGNS: SqlCampaigns,
    Domain.PROMO_CODES: SqlPromoCodes,
    Domain.LOCATIONS: SqlLocations,
    Domain.CARDS: SqlCards,
    Domain.TIERS: SqlTiers,
    Domain.TAGS: SqlTags,
    Domain.SEGMENTS: SqlSegments,
    Domain.NOTES: SqlNotes,
    Domain.MESSAGES: SqlMessages,
    Domain.TICKETS: SqlTickets,
    Domain.DEVICES: SqlDevices,
    Domain.PRIVACY: SqlPrivacy,
    Domain.AUDIT: SqlAudit,
}
"""What serves each domain from a database."""

SQL_WRITERS: Mapping[Domain, Callable[[Database], Any]] = {Domain.POINTS: SqlPointWrites}
"""What writes each domain into a database."""

PROGRAM_TTL_S = 5.0
HEALTH_S = 1.0


class Runtime:
    """Everything that lives as long as the process."""

    def __init__(self, databases: Mapping[str, Database], sources: Sources, settings: Settings) -> None:
        self.databases, self.sources = databases, sources
        self.cursors = Cursors(settings.cursors.key)
        self.lookups = Throttle(settings.auth.lookups_per_minute, settings.auth.lookup_burst)
        self._search = settings.search.mode
        self._reader = SqlProgram(databases[sources.bound[Domain.PROFILES]])
        self._program: Program | None = None
        self._loaded_at = 0.0

    @classmethod
    async def open(cls, settings: Settings) -> "Runtime":
        """Be ready to ask every source; whether one answers shows when it is asked. Raises SourceUnavailable where the config
        names none for the profiles."""
        master = MasterKey(settings.privacy.key)
        databases = {
            name: Database(name, section.url.get_secret_value(), master, section.pool_size)
            for name, section in settings.sources.items()
        }
        bound = {
            Domain[name.upper()]: source for name, source in settings.domains.sources.items() if source is not None
        }
        if Domain.PROFILES not in bound:
            raise SourceUnavailable("none", "opening the domain profiles, which every other hangs on")
        for database in databases.values():
            await database.open()
        readers, writers = (
            {
                domain.value.lower(): serving(databases[bound[domain]]) if domain in bound else Unbound(domain)
                for domain, serving in kinds.items()
            }
            for kinds in (SQL, SQL_WRITERS)
        )
        return cls(databases, Sources(**readers, writers=Writers(**writers), each=databases, bound=bound), settings)

    async def program(self) -> Program:
        """The program, read anew after five seconds. Raises SourceUnavailable, SourceTimedOut, NotConfigured."""
        if self._program is None or time.monotonic() - self._loaded_at > PROGRAM_TTL_S:
            loaded = await self._reader.program()
            if self._search is not None:
                search = msgspec.structs.replace(loaded.settings.search, mode=self._search)
                loaded = msgspec.structs.replace(
                    loaded, settings=msgspec.structs.replace(loaded.settings, search=search)
                )
            self._program, self._loaded_at = loaded, time.monotonic()
        return self._program

    async def context(self, principal: Principal, now: dt.datetime | None = None, *, request_id: str = "") -> Context:
        """What one request carries, at the time given or else the program's own. Raises as `program` does."""
        program = await self.program()
        at = now or program.settings.clock.now(dt.datetime.now(dt.UTC))
        return Context(
            principal,
            program,
            self.sources,
            cursors=self.cursors,
            lookups=self.lookups,
            now=at,
            request_id=request_id,
        )

    async def health(self) -> Mapping[str, SourceError | None]:
        """What is wrong with each source; None where it answers within a second. All are asked at once."""
        found = await asyncio.gather(*map(_failure_of, self.databases.values()))
        return dict(zip(self.databases, found, strict=True))

    async def close(self) -> None:
        """Disconnect every source."""
        for database in self.databases.values():
            await database.close()


async def _failure_of(database: Database) -> SourceError | None:
    try:
        async with asyncio.timeout(HEALTH_S):
            await database.ping()
    except TimeoutError:
        return SourceTimedOut(database.name, "answering")
    except SourceError as error:
        return error
    return None
