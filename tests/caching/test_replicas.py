"""What is written through one gateway is read through all: every mutation, tried on gateways that cache all they can."""

from collections.abc import AsyncIterator

import pytest

from datasources.ids import CustomerId
from tests.caching.replicas import answers, gateways, shared
from tests.demo import PostgresDemo
from tests.harness import Gateway
from tests.writing.examples import EXAMPLES
from tests.writing.examples.example import MEMBER

pytestmark = pytest.mark.anyio

CHANGED = {
    "campaigns.campaigns",
    "events.stream",
    "events.traces",
    "messages.conversation",
    "messages.inbox",
    "notes.of_customers",
    "offers.available",
    "offers.catalogue",
    "offers.held",
    "segments.memberships",
    "tags.history",
    "tags.tags",
    "tiers.history",
    "tiers.tiers",
    "transactions.purchases",
}
"""The lists that mutations change."""


@pytest.fixture(scope="module")
async def replicas(on_postgres: PostgresDemo, redis_url: str) -> AsyncIterator[list[Gateway]]:
    """Two that share a cache, and one that has none."""
    sections = shared(redis_url)
    async with gateways(on_postgres.copy(), sections, sections, {}) as found:
        yield found


async def test_no_mutation_leaves_an_old_answer_anywhere(replicas: list[Gateway]) -> None:
    writing, reading, plain = replicas
    changed: set[str] = set()
    for example in EXAMPLES.values():
        customer = CustomerId(writing.members[example.member or MEMBER])
        given = await example.given(writing)
        before = [await answers(gateway, customer) for gateway in (reading, writing)]
        answer = await writing.run(example.document, {"input": given}, example.caller)
        assert (answer.errors, answer.data[example.mutation]["userErrors"]) == ([], []), example.mutation
        right = await answers(plain, customer)
        for gateway in (reading, writing):
            told = await answers(gateway, customer)
            assert {title for title in right if told[title] != right[title]} == set(), example.mutation
        assert before[0] == before[1]
        changed |= {title for title in right if right[title] != before[0][title]}
    assert changed == CHANGED
