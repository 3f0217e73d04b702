"""The laws, held against the sources that the factory of the command line makes."""

from collections.abc import AsyncIterator

import pytest

from datasources.conformance.factories import FACTORY, subject_of
from datasources.conformance.laws import *  # noqa: F403  # that is how an implementation joins
from datasources.conformance.subjects import Subject


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Sources run in asyncio's loop."""
    return "asyncio"


@pytest.fixture(scope="session")
async def subject(pytestconfig: pytest.Config) -> AsyncIterator[Subject]:
    """A source that holds the kit's rows."""
    async with subject_of(pytestconfig.stash[FACTORY]) as subject:
        yield subject
