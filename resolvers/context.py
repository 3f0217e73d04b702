"""What one request carries: who asks, the program, its sources, the time, and the loaders."""

import datetime as dt
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import update_wrapper
from typing import Any, Generic, TypeVar

import msgspec

from datasources.access import AccessWriter, Sessions
from datasources.audit import AuditReader, AuditWriter
from datasources.campaigns import CampaignReader, CampaignWriter
from datasources.cards import CardReader, CardWriter
from datasources.devices import DeviceReader
from datasources.errors import NotConfigured
from datasources.events import EventReader
from datasources.ids import CustomerId
from datasources.ingesting import EventWriter
from datasources.locations import LocationReader
from datasources.messages import MessageReader, MessageWriter
from datasources.metrics import MetricReader
from datasources.notes import NoteReader, NoteWriter
from datasources.offers import OfferReader, OfferWriter
from datasources.paging import Cursors
from datasources.points import PointReader, PointWriter
from datasources.privacy import PrivacyReader, PrivacyWriter
from datasources.profile_writing import ProfileWriter
from datasources.profiles import ProfileReader
from datasources.program import Program, ProgramSettings, SearchMode
from datasources.promo_codes import PromoCodeReader, PromoCodeWriter
from datasources.registry import Domain
from datasources.resilience.guarded import Guarded
from datasources.rewards import RewardReader
from datasources.segments import SegmentReader, SegmentWriter
from datasources.tags import TagReader, TagWriter
from datasources.tickets import TicketReader
from datasources.tiers import TierReader, TierWriter
from datasources.transactions import TransactionReader, TransactionWriter
from permissions.model import AccessDenied, Principal, Scope
from resolvers.loading import Loaders
from resolvers.throttling import Throttle

Value = TypeVar("Value")


class PerRequest(Generic[Value]):
    """A resolver that works out once a request what is the same for all rows, and then tells each row's value.

    `prepare` takes the context and makes the function of a row; that must not hold the context, which would be a cycle.
    """

    def __init__(self, prepare: "Callable[[Context], Callable[[Any], Value]]") -> None:
        self._prepare = prepare
        update_wrapper(self, prepare)

    def __call__(self, row: Any, context: "Context") -> Value:
        """The value of a row, as any resolver is called."""
        return self.prepared(context)(row)

    def prepared(self, context: "Context") -> Callable[[Any], Value]:
        """The function of a row, made once a request."""
        found: Callable[[Any], Value] | None = context.memo.get(self)
        if found is None:
            found = context.memo[self] = self._prepare(context)
        return found


class Unbound:
    """Stands for the reader of a domain that no source is bound to."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def __getattr__(self, name: str) -> Any:  # whatever a reader has
        raise NotConfigured(self._domain.value.lower(), name)


class Writers(msgspec.Struct, frozen=True):
    """The writer of every domain, an `Unbound` where no source is bound to it."""

    points: PointWriter
    profiles: ProfileWriter
    events: EventWriter
    tiers: TierWriter
    offers: OfferWriter
    cards: CardWriter
    notes: NoteWriter
    campaigns: CampaignWriter
    promo_codes: PromoCodeWriter
    tags: TagWriter
    segments: SegmentWriter
    messages: MessageWriter
    transactions: TransactionWriter
    privacy: PrivacyWriter
    audit: AuditWriter
    access: AccessWriter


class Sources(msgspec.Struct, frozen=True):
    """The reader of every domain, an `Unbound` where no source is bound to it.

    `bound` names the source of each domain that has one, `each` is every source by its name, behind its limits.
    """

    profiles: ProfileReader
    points: PointReader
    offers: OfferReader
    rewards: RewardReader
    campaigns: CampaignReader
    promo_codes: PromoCodeReader
    metrics: MetricReader
    cards: CardReader
    tiers: TierReader
    tags: TagReader
    segments: SegmentReader
    locations: LocationReader
    notes: NoteReader
    messages: MessageReader
    tickets: TicketReader
    devices: DeviceReader
    privacy: PrivacyReader
    audit: AuditReader
    each: Mapping[str, Guarded]
    transactions: TransactionReader
    events: EventReader
    writers: Writers
    bound: Mapping[Domain, str]
    sessions: Sessions | None = None
    """None where the gateway has no key to sign them with."""

    def changed(self, customer: CustomerId) -> None:
        """Something about the customer was written: what was kept for when a source fails is none of theirs any more."""
        for source in self.each.values():
            source.changed(customer)


class Context:
    """One request. Made by the gateway, gone with the answer."""

    __slots__ = (
        "cursors",
        "customer_columns",
        "loaders",
        "lookups",
        "memo",
        "now",
        "principal",
        "program",
        "request_id",
        "sources",
        "texts_fit",
    )

    def __init__(
        self,
        principal: Principal,
        program: Program,
        sources: Sources,
        *,
        cursors: Cursors,
        lookups: Throttle,
        now: dt.datetime,
        request_id: str,
    ) -> None:
        self.principal, self.program, self.sources = principal, program, sources
        self.cursors, self.lookups, self.now, self.request_id = cursors, lookups, now, request_id
        self.loaders = Loaders()
        self.memo: dict[Hashable, Any] = {}
        """What was worked out once for the whole request."""
        self.customer_columns: frozenset[str] | None = None
        """The attributes that will be read of customers who are looked up; None for all."""
        self.texts_fit = False
        """True where the request as a whole was seen to have no text that is too long or that a database can't hold."""

    @property
    def settings(self) -> ProgramSettings:
        """The program's settings."""
        return self.program.settings

    @property
    def search_mode(self) -> SearchMode:
        """The search that is open to the caller: the program's, unless their roles hold them to the exact one (B3)."""
        return SearchMode.EXACT if self.principal.is_held_to_exact_search else self.settings.search.mode

    def holds(self, *scopes: Scope) -> bool:
        """True when the caller holds all of the scopes."""
        return self.principal.scopes.issuperset(scopes)

    def require(self, *scopes: Scope) -> None:
        """Pass when the caller holds all of the scopes. Raises AccessDenied."""
        if not self.holds(*scopes):
            raise AccessDenied((frozenset(scopes),))

    def load(
        self, method: Callable[..., Awaitable[Sequence[Value]]], key: Hashable, *shared: Hashable
    ) -> Awaitable[Value]:
        """A source method's result for one key, batched with the others of this tick."""
        return self.loaders.load(method, key, *shared)

    async def load_many(
        self, method: Callable[..., Awaitable[Sequence[Value]]], keys: Sequence[Hashable], *shared: Hashable
    ) -> list[Value]:
        """The method's results for several keys, in their order, in one batch. Raises the first one's failure."""
        found: list[Value] = []
        for one in await self.loaders.load_each(method, keys, *shared):
            if isinstance(one, Exception):
                raise one
            found.append(one)
        return found

    async def call(self, method: Callable[..., Awaitable[Value]], *arguments: Any, **named: Any) -> Value:
        """The result of a source method that has no keys, told of like a batch."""
        return await self.loaders.call(method, *arguments, **named)
