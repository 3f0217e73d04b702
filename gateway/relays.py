"""What is delivered beside requests: messages to people, and what the databases of a split program tell each other."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from datasources.relaying import ROWS, Relay, Tell, lags
from datasources.sql.courier import Courier, Program
from datasources.sql.engine import Database
from datasources.sql.outbox import SqlOutbox
from datasources.sql.split import topic_of

LOOKED_S = 15.0
MOST = 100
"""How many messages about a customer are told in one transaction."""


def couriers(databases: Iterable[Database], program: Program) -> list[Relay]:
    """A relay for each database that another one tells something."""
    return [
        Relay(
            SqlOutbox(origin, topic_of(told), most=MOST, keeps_lanes=True),
            Courier(origin, told, program).deliver,
            ROWS,
        )
        for origin in databases
        for told in origin.split.told
    ]


@asynccontextmanager
async def running(relays: list[Relay], tell: Tell) -> AsyncIterator[None]:
    """Meanwhile, deliver what waits and whatever is posted, and tell how far behind each relay is; what is being delivered
    is finished."""
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    looking = asyncio.create_task(_looked_after(relays, tell))
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        await asyncio.gather(*tasks)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _looked_after(relays: list[Relay], tell: Tell) -> None:
    while True:
        await lags([relay.outbox for relay in relays], tell)
        await asyncio.sleep(LOOKED_S)
