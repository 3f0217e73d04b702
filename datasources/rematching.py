"""The matching run: events that wait although their customer is known go to that customer.

They were too many for the change that claimed the identifier, or it came in by an import, which moves none.
"""

import datetime as dt
from collections.abc import Callable

import msgspec

from datasources.ids import new_id
from datasources.ingesting import EventWriter
from datasources.program import ProgramSettings
from datasources.values import ActorKind, ActorRef
from datasources.writing import Write

OPERATION = "eventsMatch"
ACTOR = ActorRef(ActorKind.SYSTEM, "matching")


class Rematched(msgspec.Struct):
    """What a run has done so far."""

    customers: int = 0
    events: int = 0


async def match_waiting(
    writer: EventWriter, program: ProgramSettings, now: dt.datetime, tell: Callable[[Rematched], None]
) -> Rematched:
    """Match all that waits, and `tell` how far that is after each customer.

    What is moved is moved for good once its transaction ends, so a run that was broken off can be begun again. Raises
    SourceUnavailable, SourceTimedOut, OutcomeUnknown.
    """
    write, done = Write(OPERATION, ACTOR, "", program, now, str(new_id())), Rematched()
    page = await writer.claimed(None)
    while page.last is not None:
        for customer in page.awaited:
            moved = await writer.match(write, customer)
            done.customers += moved > 0
            while moved:
                done.events += moved
                moved = await writer.match(write, customer)
            tell(done)
        page = await writer.claimed(page.last)
    return done
