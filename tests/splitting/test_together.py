"""What takes one transaction over domains of several databases is refused as a whole: no half of it is ever done."""

from collections.abc import AsyncIterator

import pytest

from tests.demo import Demo
from tests.harness import Gateway
from tests.splitting.programs import Layout, drained, parted
from tests.writing import buying
from tests.writing.asking import adjust, adjustment
from tests.writing.buying import purchase
from tests.writing.codes import CLAIM, claiming, offered
from tests.writing.tables import everything

MEMBER = "CJ-000016"
APART = Layout("apart", ("members", "loyalty"), {"points": "loyalty"})


@pytest.fixture(scope="module")
async def gateway(demo: Demo) -> AsyncIterator[Gateway]:
    """Points in a database of their own, and all that grants points in another one."""
    async with parted(demo, APART) as opened:
        yield opened


async def test_a_purchase_that_would_earn_points_of_another_database_is_refused(gateway: Gateway) -> None:
    before = await everything(gateway)
    answer = await gateway.run(buying.INGEST, {"input": purchase(gateway, MEMBER)})
    assert (answer.told, answer.errors[0]["extensions"]["source"]) == (
        ["SOURCE_UNAVAILABLE@transactionIngest"],
        "members",
    )
    assert answer.errors[0]["extensions"]["retryable"] is False
    assert (await everything(gateway), await drained(gateway)) == (before, 0)


async def test_a_code_that_would_grant_points_of_another_database_is_refused(gateway: Gateway) -> None:
    given = claiming(gateway, MEMBER, await offered(gateway))
    before = await everything(gateway)
    answer = await gateway.run(CLAIM, {"input": given})
    assert answer.told == ["SOURCE_UNAVAILABLE@promoCodeClaim"]
    assert (await everything(gateway), await drained(gateway)) == (before, 0)


async def test_points_alone_are_written(gateway: Gateway) -> None:
    payload = await adjust(gateway, adjustment(gateway, MEMBER, 5))
    assert (payload["userErrors"], payload["entry"]["modification"]) == ([], 5)
    assert await drained(gateway) == 2
