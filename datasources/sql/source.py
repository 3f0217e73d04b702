"""A database as a source: one connection pool, and every domain's reader and writer over it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from datasources.kinds import Kind, SourceSettings
from datasources.registry import Domain
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
from datasources.sql.point_writes import SqlPointWrites
from datasources.sql.points import SqlPoints
from datasources.sql.privacy import SqlPrivacy
from datasources.sql.privacy_writes import SqlPrivacyWrites
from datasources.sql.profile_writes import SqlProfileWrites
from datasources.sql.profiles import SqlProfiles
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

READERS: Mapping[Domain, Callable[[Database], Any]] = {
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

WRITERS: Mapping[Domain, Callable[[Database], Any]] = {
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


def _database_url(url: SecretStr) -> SecretStr:
    try:
        backend = make_url(url.get_secret_value()).get_backend_name()
    except ArgumentError:
        raise ValueError("must be a database URL: dialect+driver://user:password@host/database") from None
    if backend not in {"sqlite", "postgresql"}:
        raise ValueError("must be a sqlite or postgresql URL")
    return url


class SqlSettings(SourceSettings):
    """A database that holds domains."""

    url: Annotated[SecretStr, AfterValidator(_database_url)]
    pool_size: int = Field(default=10, ge=1, le=1_000)
    parallel: int = Field(default=1_000, ge=1, le=10_000)
    """The pool is the bound: what finds no free connection waits for one, but not long."""

    @property
    def address(self) -> str:
        """The URL, with its password."""
        return self.url.get_secret_value()


class SqlSource:
    """Serves `datasources.registry.Source` from a database."""

    reads, writes = frozenset(READERS), frozenset(WRITERS)

    def __init__(self, database: Database) -> None:
        self.name, self.database = database.name, database

    @classmethod
    def of(cls, name: str, settings: SqlSettings, master_key: bytes) -> "SqlSource":
        """The source of a section."""
        return cls(Database(name, settings.address, MasterKey(master_key), settings.pool_size))

    def reader(self, domain: Domain) -> Any:
        """See Source."""
        return READERS[domain](self.database)

    def writer(self, domain: Domain) -> Any:
        """See Source."""
        return WRITERS[domain](self.database)

    async def open(self) -> None:
        """See Source."""
        await self.database.open()

    async def close(self) -> None:
        """See Source."""
        await self.database.close()

    async def ping(self) -> None:
        """See Source."""
        await self.database.ping()


KIND = Kind(SqlSettings, SqlSource.of, is_typed=True)
