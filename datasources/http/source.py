"""A REST system as a source: the readers and writers of the domains that the config maps to its calls."""

from collections.abc import Mapping

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from datasources.errors import NotServed, SourceUnavailable
from datasources.http.asking import Upstream
from datasources.http.cards import HttpCardWrites
from datasources.http.client import HttpClient
from datasources.http.compiling import Compiling, Fault
from datasources.http.endpoints import Endpoints
from datasources.http.identities import Identities
from datasources.http.mapping import endpoints_of
from datasources.http.mutations import Changes, changes_of
from datasources.http.offers import HttpOfferWrites
from datasources.http.reader import HttpReader
from datasources.http.settings import HttpSettings
from datasources.http.writing import HttpWriter
from datasources.kinds import Kind
from datasources.registry import Domain
from datasources.surroundings import Surroundings

WRITERS: Mapping[Domain, type[HttpWriter]] = {Domain.CARDS: HttpCardWrites, Domain.OFFERS: HttpOfferWrites}


class MappedSettings(HttpSettings):
    """The section of an http source, whose mapping fits the domains and the types of their rows."""

    @model_validator(mode="after")
    def _fits(self) -> "MappedSettings":
        compiling = Compiling()
        endpoints_of(compiling, self.reads)
        changes_of(compiling, self)
        if compiling.faults:
            raise ValidationError.from_exception_data("http", [_told(fault) for fault in compiling.faults])
        return self


class HttpSource:
    """Serves `datasources.registry.Source` from a REST system."""

    def __init__(self, name: str, settings: HttpSettings) -> None:
        compiling = Compiling()
        self.name, self._settings = name, settings
        self._endpoints: Mapping[Domain, Endpoints] = endpoints_of(compiling, settings.reads)
        self._changes: Changes = changes_of(compiling, settings)
        self.client = HttpClient(name, settings)
        self.reads = frozenset(self._endpoints)
        self.writes = frozenset(change.mutation.domain for change in self._changes.values())
        self._surroundings: Surroundings | None = None

    @classmethod
    def of(cls, name: str, settings: HttpSettings, _master_key: bytes) -> "HttpSource":
        """The source of a section."""
        return cls(name, settings)

    def connect(self, surroundings: Surroundings) -> None:
        """See Connected."""
        self._surroundings = surroundings

    def reader(self, domain: Domain) -> HttpReader:
        """See Source."""
        return HttpReader(domain, Upstream(self.client, self._identities, self._endpoints[domain]))

    def writer(self, domain: Domain) -> HttpWriter:
        """See Source. Raises SourceUnavailable where no audit log is kept of what it changes."""
        recorder = self._around.recorder
        if recorder is None:
            raise SourceUnavailable(self.name, "changing anything without an audit log in a database")
        own = {name: change for name, change in self._changes.items() if change.mutation.domain is domain}
        return WRITERS[domain](self.reader(domain), self.client, own, recorder=recorder, identities=self._identities)

    async def open(self) -> None:
        """See Source."""
        await self.client.open()

    async def close(self) -> None:
        """See Source."""
        await self.client.close()

    async def ping(self) -> None:
        """See Source: the path that the config names answers well, or anything is answered at all where it names none."""
        await self.client.reach(self._settings.ping)

    @property
    def _around(self) -> Surroundings:
        if self._surroundings is None:
            raise NotServed(self.name, "domain before it knows the others")
        return self._surroundings

    @property
    def _identities(self) -> Identities:
        return Identities(self._around.profiles)


def _told(fault: Fault) -> InitErrorDetails:
    # The message stands in the place of a template's value, since it may have braces of its own.
    return InitErrorDetails(
        type=PydanticCustomError("mapping", "{message}", {"message": fault.message}), loc=fault.at, input=None
    )


KIND = Kind(MappedSettings, HttpSource.of, is_typed=True)
