"""Mutations that a program does not use (O3, Y8)."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables.program import program
from tests.demo import Demo
from tests.harness import opened
from tests.writing.asking import adjust, adjustment, refused
from tests.writing.tables import contents, grown

MEMBER = "CJ-000015"


async def switch_off(url: str, *mutations: str) -> None:
    """Have the program do without these."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        settings = (await connection.execute(select(program.c.settings))).scalar_one()
        await connection.execute(program.update().values(settings=settings | {"switched_off": mutations}))
    await engine.dispose()


async def test_what_is_switched_off_is_refused_and_does_nothing(demo: Demo) -> None:
    url = demo.copy()
    await switch_off(url, "pointsAdjust")
    async with opened(url) as gateway:
        before = await contents(gateway, gateway.members[MEMBER])
        assert refused(await adjust(gateway, adjustment(gateway, MEMBER, 5))) == [("FORBIDDEN", "customerId")]
        after = await contents(gateway, gateway.members[MEMBER])
        assert grown(before, after) == {"audit_entries": 1, "audit_heads": 0}
