"""The composition root: which source serves each domain, opened and closed with the process."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from datasources.access import Means
from datasources.counting import Rate
from datasources.errors import NotServed, SourceError, SourceTimedOut, SourceUnavailable
from datasources.kinds import SourceSettings, kind_of
from datasources.layers import Layered
from datasources.notifiers.logged import LoggedNotifier
from datasources.notifiers.smtp import MailServer, Security, SmtpNotifier
from datasources.notifying import TOPIC, Notifier, Postman, Template
from datasources.paging import Cursors
from datasources.program import ProgramSettings
from datasources.read_only import ReadOnly
from datasources.registry import Domain, Source
from datasources.relaying import Relay, Tell
from datasources.resilience.guarded import Guarded
from datasources.resilience.happenings import Note, unnoted
from datasources.sql.access_writes import SqlAccessWrites
from datasources.sql.engine import Database
from datasources.sql.outbox import SqlOutbox
from datasources.sql.program import SqlProgram
from datasources.sql.recorder import SqlRecorder
from datasources.sql.source import SqlSource
from datasources.sql.split import part
from datasources.surroundings import Connected, Surroundings
from gateway.access_sections import NotifierSettings, address_of
from gateway.config import Settings
from gateway.programs import SharedProgram
from gateway.relays import couriers, running
from gateway.sharing import Shared
from gateway.signing import SigningKey
from permissions.model import Principal
from resolvers.context import Context, Sources, Unbound, Writers
from resolvers.throttling import Throttle

WRITTEN = tuple(name for name in Writers.__struct_fields__ if name != "access")
"""The domains that can be written, by the name of their writer."""
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
    """Everything that lives as long as the process. `each` is every source of the config by its name, behind its limits."""

    def __init__(
        self,
        each: Mapping[str, Guarded],
        sources: Sources,
        settings: Settings,
        equipment: "Equipment",
        *,
        shared: Shared,
    ) -> None:
        self.each, self.sources, self.signing, self.shared = each, sources, equipment.signing, shared
        main = each[sources.bound[Domain.PROFILES]]
        home = self.databases[main.name]
        postman = Postman(sources.profiles, equipment.notifier, equipment.signing)
        self.relay = Relay(SqlOutbox(home, TOPIC), postman.deliver)
        self.couriers = couriers(self.databases.values(), self._settings)
        self.cursors = Cursors(settings.cursors.key)
        rate = Rate(settings.auth.lookups_per_minute, settings.auth.lookup_burst)
        self.lookups = Throttle("lookups", rate, shared.counters)
        self._shared_program = SharedProgram(main.around(SqlProgram(home)).program, settings.search.mode)
        self.program = self._shared_program.program
        """See SharedProgram."""

    @property
    def databases(self) -> dict[str, Database]:
        """The sources that are databases, by name."""
        return databases_of({name: guarded.source for name, guarded in self.each.items()})

    @classmethod
    async def open(cls, settings: Settings, note: Note = unnoted) -> "Runtime":
        """Be ready to ask every source; whether one answers shows when it is asked. `note` is told what limits do.

        Raises SourceUnavailable where the config names none for the profiles, NotServed where a source can't serve what is
        bound to it.
        """
        each = sources_of(settings)
        bound = {
            Domain[name.upper()]: source for name, source in settings.domains.sources.items() if source is not None
        }
        if not isinstance(each.get(bound.get(Domain.PROFILES, "")), SqlSource):
            raise SourceUnavailable("none", "opening the domain profiles, which every other hangs on, in a database")
        equipment, shared = Equipment.of(settings), Shared(settings)
        databases = databases_of(each)
        part(databases, bound)
        guarded = {name: _guarded(source, settings.sources[name], note) for name, source in each.items()}
        access = SqlAccessWrites(databases[bound[Domain.PROFILES]], equipment.means)
        sources = _bound(guarded, bound, access, equipment.signing, shared=shared)
        shared.watch(each.values())
        for source in each.values():
            await source.open()
        return cls(guarded, sources, settings, equipment, shared=shared)

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
        found = await asyncio.gather(*map(failure_of, self.each.values()))
        return dict(zip(self.each, found, strict=True))

    @asynccontextmanager
    async def relaying(self, tell: Tell = lambda _source, _topic, _age_s: None) -> AsyncIterator[None]:
        """Meanwhile, deliver what waits in the outboxes and whatever is put there; what is being delivered is finished.

        How many seconds the oldest has waited is told again and again.
        """
        async with running([self.relay, *self.couriers], tell):
            yield

    async def _settings(self) -> ProgramSettings:
        return (await self.program()).settings

    async def close(self) -> None:
        """Disconnect every source, and then what was told of their writes."""
        await self._shared_program.close()
        for source in self.each.values():
            await source.close()
        await self.shared.close()


def sources_of(settings: Settings) -> dict[str, Source]:
    """The sources of the config by their names, none of them opened."""
    return {
        name: kind_of(section.kind).make(name, section, settings.privacy.key)
        for name, section in settings.sources.items()
    }


def databases_of(sources: Mapping[str, Source]) -> dict[str, Database]:
    """Those of them that are databases."""
    return {name: source.database for name, source in sources.items() if isinstance(source, SqlSource)}


def _bound(
    each: Mapping[str, Guarded],
    bound: Mapping[Domain, str],
    access: SqlAccessWrites,
    sessions: SigningKey | None,
    *,
    shared: Shared,
) -> Sources:
    """The reader and writer of every domain, of the source that it is bound to. Raises NotServed."""
    serving = {domain: each[name] for domain, name in bound.items()}
    for domain, source in serving.items():
        if domain not in source.reads:
            raise NotServed(source.name, domain.value.lower())
    _connect(each, serving, shared)
    audit = _writer(Domain.AUDIT, serving, None, shared)
    return Sources(
        **{domain.value.lower(): _reader(domain, serving, shared) for domain in Domain},
        writers=Writers(
            **{name: _writer(Domain[name.upper()], serving, audit, shared) for name in WRITTEN},
            access=access,
        ),
        each=each,
        bound=bound,
        sessions=sessions,
    )


def _guarded(source: Source, settings: SourceSettings, note: Note) -> Guarded:
    """The source behind its limits."""
    return Guarded(source, settings, note, is_typed=kind_of(settings.kind).is_typed)


def _reader(domain: Domain, serving: Mapping[Domain, Guarded], shared: Shared) -> Any:
    """The domain's reader, behind its layers."""
    if domain not in serving:
        return Unbound(domain)
    reader, layers = serving[domain].reader(domain), shared.layers(domain)
    return Layered(reader, *layers) if layers else reader


def _connect(each: Mapping[str, Guarded], serving: Mapping[Domain, Guarded], shared: Shared) -> None:
    """Have those that need others know them."""
    log = serving[Domain.AUDIT].source if Domain.AUDIT in serving else None
    recorder = SqlRecorder(log.database) if isinstance(log, SqlSource) else None
    surroundings = Surroundings(_reader(Domain.PROFILES, serving, shared), recorder)
    for guarded in each.values():
        if isinstance(guarded.source, Connected):
            guarded.source.connect(surroundings)


def _writer(domain: Domain, serving: Mapping[Domain, Guarded], audit: Any, shared: Shared) -> Any:
    """The domain's writer; where its source is only read, one that refuses and has `audit` told."""
    if domain not in serving:
        return Unbound(domain)
    source = serving[domain]
    if domain not in source.writes:
        return ReadOnly(domain, source.name, audit)
    return shared.writer(source.source, source.writer(domain))


async def failure_of(source: Source) -> SourceError | None:
    """What is wrong with a source; None where it answers within a second."""
    try:
        async with asyncio.timeout(HEALTH_S):
            await source.ping()
    except TimeoutError:
        return SourceTimedOut(source.name, "answering")
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
