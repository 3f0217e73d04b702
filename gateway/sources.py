"""The composition root: which source serves each domain, opened and closed with the process."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from datasources.access import Means
from datasources.errors import SourceError, SourceTimedOut, SourceUnavailable
from datasources.notifiers.logged import LoggedNotifier
from datasources.notifiers.smtp import MailServer, Security, SmtpNotifier
from datasources.notifying import TOPIC, Notifier, Postman, Template
from datasources.paging import Cursors
from datasources.program import Program
from datasources.registry import Domain
from datasources.relaying import Relay
from datasources.sql.access_writes import SqlAccessWrites
from datasources.sql.audit import SqlAudit
from datasources.sql.audit_writes import SqlAuditWrites
from datasources.sql.campaign_writes import SqlCampaignWrites
from datasources.sql.campaigns import SqlCampaigns
from datasources.sql.card_writes import SqlCardWrites
from datasources.sql.cards import SqlCards
from datasources.sql.devices import SqlDevices
from datasources.sql.engine import Database
from datasources.sql.event_writes import SqlEventWrites
from datasources.sql.events import SqlEvents
from datasources.sql.locations import SqlLocations
from datasources.sql.message_writes import SqlMessageWrites
from datasources.sql.messages import SqlMessages
from datasources.sql.metrics import SqlMetrics
from datasources.sql.note_writes import SqlNoteWrites
from datasources.sql.notes import SqlNotes
from datasources.sql.offer_writes import SqlOfferWrites
from datasources.sql.offers import SqlOffers
from datasources.sql.outbox import SqlOutbox
from datasources.sql.point_writes import SqlPointWrites
from datasources.sql.points import SqlPoints
from datasources.sql.privacy import SqlPrivacy
from datasources.sql.privacy_writes import SqlPrivacyWrites
from datasources.sql.profile_writes import SqlProfileWrites
from datasources.sql.profiles import SqlProfiles
from datasources.sql.program import SqlProgram
from datasources.sql.promo_code_writes import SqlPromoCodeWrites
from datasources.sql.promo_codes import SqlPromoCodes
from datasources.sql.rewards import SqlRewards
from datasources.sql.sealing import MasterKey
from datasources.sql.segment_writes import SqlSegmentWrites
from datasources.sql.segments import SqlSegments
from datasources.sql.tag_writes import SqlTagWrites
from datasources.sql.tags import SqlTags
from datasources.sql.tickets import SqlTickets
from datasources.sql.tier_writes import SqlTierWrites
from datasources.sql.tiers import SqlTiers
from datasources.sql.transaction_writes import SqlTransactionWrites
from datasources.sql.transactions import SqlTransactions
from gateway.access_sections import NotifierSettings, address_of
from gateway.config import Settings
from gateway.signing import SigningKey
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

SQL_WRITERS: Mapping[Domain, Callable[[Database], Any]] = {
    Domain.POINTS: SqlPointWrites,
    Domain.PROFILES: SqlProfileWrites,
    Domain.EVENTS: SqlEventWrites,
    Domain.TIERS: SqlTierWrites,
    Domain.OFFERS: SqlOfferWrites,
    Domain.CARDS: SqlCardWrites,
    Domain.NOTES: SqlNoteWrites,
    Domain.CAMPAIGNS: SqlCampaignWrites,
    Domain.PROMO_CODES: SqlPromoCodeWrites,
    Domain.TAGS: SqlTagWrites,
    Domain.SEGMENTS: SqlSegmentWrites,
    Domain.MESSAGES: SqlMessageWrites,
    Domain.TRANSACTIONS: SqlTransactionWrites,
    Domain.PRIVACY: SqlPrivacyWrites,
    Domain.AUDIT: SqlAuditWrites,
}
"""What writes each domain into a database."""

PROGRAM_TTL_S = 5.0
HEALTH_S = 1.0


class Equipment(msgspec.Struct, frozen=True):
    """What the gateway lets people in with: who sends messages, and a key of its own where the config names one."""

    notifier: Notifier
    signing: SigningKey | None

    @classmethod
    def of(cls, settings: Settings) -> "Equipment":
        """What the settings say."""
        signing = None if settings.signing is None else SigningKey(settings.signing, settings.auth)
        return cls(notifier_of(settings.notifier), signing)

    @property
    def means(self) -> Means:
        """What can be done with it."""
        return Means(self.notifier.channels, self.signing is not None)


class Runtime:
    """Everything that lives as long as the process."""

    def __init__(
        self, databases: Mapping[str, Database], sources: Sources, settings: Settings, equipment: "Equipment"
    ) -> None:
        self.databases, self.sources, self.signing = databases, sources, equipment.signing
        postman = Postman(sources.profiles, equipment.notifier, equipment.signing)
        self.relay = Relay(SqlOutbox(databases[sources.bound[Domain.PROFILES]], TOPIC), postman.deliver)
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
        equipment = Equipment.of(settings)
        access = SqlAccessWrites(databases[bound[Domain.PROFILES]], equipment.means)
        sources = Sources(
            **readers,
            writers=Writers(**writers, access=access),
            each=databases,
            bound=bound,
            sessions=equipment.signing,
        )
        return cls(databases, sources, settings, equipment)

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

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Meanwhile, deliver what waits in the outbox and whatever is put there; what is being delivered is finished."""
        running = asyncio.create_task(self.relay.run())
        try:
            yield
        finally:
            self.relay.stop()
            await running

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


def notifier_of(section: NotifierSettings) -> Notifier:
    """The mail server of the section, or the log."""
    if section.host is None or section.sender is None or section.kind == "log":
        return LoggedNotifier()
    links = {
        Template.PASSWORD_RESET: section.password_reset_url,
        Template.PHONE_VERIFICATION: section.phone_verification_url,
    }
    return SmtpNotifier(
        MailServer(
            host=section.host,
            port=section.port,
            security=Security(section.security),
            sender=address_of(section.sender),
            links={template: link for template, link in links.items() if link is not None},
            username=section.username,
            password=section.secret,
            sms_domain=section.sms_domain,
            ca_file=section.ca_file,
            timeout_s=section.timeout_s,
        )
    )
