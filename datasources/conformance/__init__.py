"""The laws that every reader keeps, as tests that any implementation can join: with one fixture.

    from datasources.conformance.laws import *

    DOMAINS = (Domain.POINTS,)  # left out, all of them

    @pytest.fixture(scope="session")
    async def subject() -> Subject: ...

The kit reads the protocols for their methods, the rows of the subject for keys to ask with, and
`datasources.conformance.asked` for what neither tells. It needs rows: a method that finds nothing anywhere is a fault
unless `Subject.empty` names it, and a method named there that finds something is one too. Tests run by anyio's plugin
for pytest; the fixture `anyio_backend` has to be of the session's scope.
"""

import pytest

from datasources.conformance.methods import Method, methods_of
from datasources.conformance.subjects import Subject

pytest.register_assert_rewrite("datasources.conformance.laws")

__all__ = ["Method", "Subject", "methods_of"]
