"""The laws. Import all of this package's names into a test module that has the fixture `subject`."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import pytest

from datasources.conformance.asked import FORWARD_ONLY
from datasources.conformance.expected import UNTOLD
from datasources.conformance.factories import FACTORY, asked
from datasources.conformance.filters import FILTERS
from datasources.conformance.keys import Keys
from datasources.conformance.law import check_gaps, expect_gap
from datasources.conformance.laws.answers import *  # noqa: F403  # a module of tests is all of them
from datasources.conformance.laws.changing import *  # noqa: F403
from datasources.conformance.laws.failing import *  # noqa: F403
from datasources.conformance.laws.limits import *  # noqa: F403
from datasources.conformance.laws.paging import *  # noqa: F403
from datasources.conformance.methods import Method, methods_of
from datasources.conformance.subjects import Subject
from datasources.conformance.writes import EXAMPLES
from datasources.registry import Domain, Source

pytestmark = pytest.mark.anyio

OF_FACTORY = "conformance.of_factory"
"""The module that holds the factory of the command line to the laws."""

ABOUT: Mapping[str, Callable[[Method], bool]] = {
    "asked": lambda _method: True,
    "keyed": lambda method: method.key is not None,
    "paged": lambda method: method.is_paged,
    "hinted": lambda method: method.key is not None and "columns" in method.parameters,
    "reversible": lambda method: method.is_paged and method.title not in FORWARD_ONLY,
    "filtered": lambda method: method.title in FILTERS,
    "told": lambda method: method.title not in UNTOLD,
}
"""The methods that a law is about, by the name of its parameter."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hold each law for each method that it is about, of the factory's domains or else of the module's DOMAINS."""
    domains, written = _domains(metafunc)
    methods = [method for domain in domains for method in methods_of(domain)]
    for name, is_about in ABOUT.items():
        if name in metafunc.fixturenames:
            found = [method for method in methods if is_about(method)]
            metafunc.parametrize(name, found, ids=[method.title for method in found])
    if "written" in metafunc.fixturenames:
        examples = [domain for domain in written if domain in EXAMPLES]
        metafunc.parametrize("written", examples, ids=[domain.value.lower() for domain in examples])


@pytest.fixture(scope="session")
async def keys(subject: Subject) -> Keys:
    """Keys of every kind that the subject's rows hold."""
    return await Keys.of(subject, [method for domain in subject.readers for method in methods_of(domain)])


@pytest.fixture(scope="session")
async def closed(subject: Subject) -> AsyncIterator[Source | None]:
    """A source that was opened and closed again; None where none can be opened."""
    if subject.fresh is None:
        yield None
        return
    async with subject.fresh() as source:
        await source.close()
        yield source


@pytest.fixture(autouse=True)
def _gap(request: pytest.FixtureRequest, subject: Subject) -> None:
    """Expect the failures that are declared."""
    check_gaps(subject.gaps, LAWS, subject.readers)
    expect_gap(request, subject.gaps)


def _domains(metafunc: pytest.Metafunc) -> tuple[Iterable[Domain], Iterable[Domain]]:
    """What is read and what is written: as the module says, or the sources of the command line's factory.

    Raises UnknownGap.
    """
    if not metafunc.module.__name__.endswith(OF_FACTORY):
        return getattr(metafunc.module, "DOMAINS", tuple(Domain)), getattr(metafunc.module, "WRITTEN", ())
    stash = metafunc.config.stash
    made = stash[FACTORY] = asked(stash[FACTORY])
    check_gaps(made.gaps, LAWS, made.reads)
    return [domain for domain in Domain if domain in made.reads], made.writes


LAWS = frozenset(test.law for name, test in dict(globals()).items() if name.startswith("test_"))
"""The names of all laws."""

__all__ = [name for name in dir() if name.startswith(("test_", "pytest"))] + ["_gap", "closed", "keys"]
