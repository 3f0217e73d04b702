"""The SQL source finds the kit's rows as they were given, on both databases, in the domains whose rows lie in tables as they
are; what it derives of others (ledgers, clocks, joins) is held over the demo program."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from datasources.conformance.factories import Made, subject_of
from datasources.conformance.laws import (
    _gap,
    keys,
    pytest_generate_tests,
    pytestmark,
    test_a_cursor_leads_on_where_there_are_more_rows_or_fewer,
    test_every_row_is_found_as_it_was_given_and_no_other,
)
from datasources.conformance.subjects import Subject
from datasources.registry import Domain
from tests.conformance.stored import source_of
from tests.demo import Demo

__all__ = [
    "_gap",
    "keys",
    "pytest_generate_tests",
    "pytestmark",
    "test_a_cursor_leads_on_where_there_are_more_rows_or_fewer",
    "test_every_row_is_found_as_it_was_given_and_no_other",
]
DOMAINS = (
    Domain.REWARDS,
    Domain.PROMO_CODES,
    Domain.TAGS,
    Domain.SEGMENTS,
    Domain.NOTES,
    Domain.MESSAGES,
    Domain.DEVICES,
    Domain.LOCATIONS,
    Domain.TRANSACTIONS,
    Domain.TICKETS,
    Domain.METRICS,
    Domain.PRIVACY,
)


@pytest.fixture(scope="session")
async def subject(demo: Demo) -> AsyncIterator[Subject]:
    """Databases that hold the kit's rows."""
    async with subject_of(Made(partial(source_of, demo), {}, reads=frozenset(DOMAINS))) as subject:
        yield subject
