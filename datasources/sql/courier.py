"""Whoever takes what waits in the outbox of one database to another one."""

from collections.abc import Awaitable, Callable

from datasources.errors import SourceError
from datasources.ids import CustomerId
from datasources.program import ProgramSettings
from datasources.relaying import CarrierDown, NotTaken, Taken
from datasources.sql.engine import Database
from datasources.sql.news import News
from datasources.sql.receiving import Receiver
from datasources.sql.telling import Telling

NO_PROGRAM = ProgramSettings("", "USD")
"""For what can be told without knowing how events read."""
MATCHING = {News.CUSTOMER.value, News.LOYALTY.value}
"""What lets go of events that wait for an identifier."""
KNOWN = {news.value for news in News}

Program = Callable[[], Awaitable[ProgramSettings]]
"""The settings as they are. Raises SourceUnavailable, SourceTimedOut, NotConfigured."""


class Courier:
    """Tells one database what another one put into its outbox for it."""

    def __init__(self, origin: Database, told: Database, program: Program) -> None:
        self._told, self._program = told, program
        self._telling, self._receiver = Telling(origin, told), Receiver(told, origin.name)

    async def deliver(self, taken: Taken) -> None:
        """Tell it. Raises CarrierDown, NotTaken."""
        customer, kinds = CustomerId(taken.lane), {message.kind for message in taken.messages}
        if not kinds <= KNOWN:
            raise NotTaken("only a newer release knows what this tells")
        try:
            matches = not MATCHING.isdisjoint(kinds)
            program = await self._program() if matches else NO_PROGRAM
            state = await self._telling.state(customer, taken)
            is_whole = await self._receiver.receive(customer, taken, state, program)
        except SourceError as error:
            raise await self._failure(error) from error
        if not is_whole:
            raise NotTaken("an identifier is still another customer's")

    async def _failure(self, error: SourceError) -> CarrierDown | NotTaken:
        """Whether anything at all is taken: one customer's fault is no other's."""
        if error.source != self._told.name:
            return CarrierDown("what is to be told can't be read")
        try:
            await self._told.ping()
        except SourceError:
            return CarrierDown("the database does not answer")
        return NotTaken("this is not taken in")
