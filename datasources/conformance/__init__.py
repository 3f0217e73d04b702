"""The laws that every source keeps, as tests that any implementation can join.

A package gives a factory: it takes the rows that the kit wants to find, `Rows`, and opens a source that holds these and no
others; several of them at once. A source that is only read loads them in a way of its own. Then

    pytest -p datasources.conformance --source-factory package.module:factory

holds the source to the laws, for the domains that it reads and writes. A law that does not hold for it is declared in the
factory's module, with the reason, and expected to fail: `GAPS = {"erasure": "…", "backward tickets.of_customers": "…"}`.

Readers over data of one's own join by one fixture in a module of tests, which runs with anyio's plugin for pytest and its
fixture `anyio_backend` in the session's scope:

    from datasources.conformance.laws import *

    DOMAINS = (Domain.POINTS,)  # left out, all of them

    @pytest.fixture(scope="session")
    async def subject() -> Subject: ...

The kit reads the protocols for their methods, the rows of the subject for keys to ask with, and
`datasources.conformance.asked` for what neither tells. It needs rows: a method that finds nothing anywhere is a fault
unless `Subject.empty` names it, and a method named there that finds something is one too.
"""

import pytest

pytest.register_assert_rewrite("datasources.conformance.laws")

from datasources.conformance.factories import Factory, Rows  # noqa: E402  # assertions are rewritten at import
from datasources.conformance.methods import Method, methods_of  # noqa: E402
from datasources.conformance.plugin import (  # noqa: E402
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
)
from datasources.conformance.subjects import Subject  # noqa: E402

__all__ = [
    "Factory",
    "Method",
    "Rows",
    "Subject",
    "methods_of",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
]
