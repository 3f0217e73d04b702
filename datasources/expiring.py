"""The expiry run: points whose time has come leave every account that holds some, customer by customer (inv-L9)."""

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from datasources.ids import CustomerId, new_id
from datasources.points import PointWriter
from datasources.program import ProgramSettings
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write

OPERATION = "pointsExpire"
ACTOR = ActorRef(ActorKind.SYSTEM, "expiry")
AT_ONCE = 4
"""How many customers are dealt with at the same time."""


class Expired(msgspec.Struct):
    """What a run has done so far."""

    customers: int = 0
    entries: int = 0
    points: int = 0


async def expire_due(
    writer: PointWriter, program: ProgramSettings, now: dt.datetime, tell: Callable[[Expired], None]
) -> Expired:
    """Expire all that is due by a moment, and `tell` how far that is after each customer.

    Each customer is done for good once their transaction ends, so a run that was broken off goes on with the next one,
    and two runs at once do nothing twice. Raises SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """
    write = Write(OPERATION, ACTOR, "", program, now, str(new_id()))
    done, free = Expired(), asyncio.Semaphore(AT_ONCE)

    async def expire(customer: CustomerId) -> None:
        async with free:
            lapsed = await writer.expire(write, customer)
            done.customers += lapsed.entries > 0
            while lapsed.entries:
                done.entries += lapsed.entries
                done.points += lapsed.points
                lapsed = await writer.expire(write, customer)
        tell(done)

    page = await writer.due(now, None)
    while page:
        await _all(expire(customer) for customer in dict.fromkeys(due.customer_id for due in page))
        page = await writer.due(now, page[-1])
    return done


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; where one fails the others are left, and the failure is told as it was."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
