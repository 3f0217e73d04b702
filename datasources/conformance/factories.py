"""Sources made of rows: what an author of a source gives the kit, and what the kit makes of that."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Any

import msgspec
import pytest

from datasources.conformance.making import CUSTOMERS, NOW, rows_of, thinned
from datasources.conformance.subjects import Subject
from datasources.conformance.writes import PROGRAM
from datasources.registry import Domain, Source

Rows = Mapping[Domain, Sequence[Any]]
"""Every domain, with rows of the types that its reader answers with; none where the source does not read it."""
Factory = Callable[[Rows], AbstractAsyncContextManager[Source]]
"""Opens a source that holds these rows and no others, and closes it; the laws may have closed it already."""

NO_ROWS: Rows = dict.fromkeys(Domain, ())


class FactoryUnknown(Exception):
    """What is named is no factory."""


class Made(msgspec.Struct, frozen=True):
    """A factory, the gaps that its module declares, and the domains that its sources read and write."""

    factory: Factory
    gaps: Mapping[str, str]
    reads: frozenset[Domain] = frozenset()
    writes: frozenset[Domain] = frozenset()


FACTORY = pytest.StashKey[Made]()
"""The factory of the command line."""


def factory_of(name: str) -> Made:
    """The factory of this name, `module:factory`. Raises FactoryUnknown."""
    module_name, _, attribute = name.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise FactoryUnknown(f"{name}: {error}: is the package installed here?") from error
    factory = getattr(module, attribute, None)
    if not callable(factory):
        raise FactoryUnknown(f"{name}: {module_name} has no such factory")
    return Made(factory, getattr(module, "GAPS", {}))


def asked(made: Made) -> Made:
    """The same with what its sources read and write: one without rows tells."""

    async def source() -> Made:
        async with made.factory(NO_ROWS) as source:
            return msgspec.structs.replace(made, reads=source.reads, writes=source.writes)

    return made if made.reads else asyncio.run(source())


@asynccontextmanager
async def subject_of(made: Made) -> AsyncIterator[Subject]:
    """The sources of a factory with the kit's rows in them."""
    rows = {domain: rows_of(domain) if domain in made.reads else () for domain in Domain}
    async with made.factory(rows) as source, made.factory(thinned(rows)) as lesser:
        yield Subject(
            readers=_readers(source),
            customers=CUSTOMERS,
            now=NOW,
            rows=rows,
            fewer=_readers(lesser),
            fresh=lambda: made.factory(rows),
            program=PROGRAM,
            gaps=made.gaps,
        )


def _readers(source: Source) -> dict[Domain, Any]:
    return {domain: source.reader(domain) for domain in source.reads}
