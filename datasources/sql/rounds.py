"""The reads that a request begins in one turn of the loop, sent to the database as one."""

import asyncio
from collections.abc import Sequence

import msgspec

from datasources.errors import SourceError, SourceRefused
from datasources.sql.dialect import Dialect, Values
from datasources.sql.transacting import Rows
from datasources.stepping import Stepped


class Asked(msgspec.Struct, frozen=True):
    """A statement that waits for its rows."""

    sql: str
    values: Values
    rows: asyncio.Future[Rows]


class SqlRound:
    """Serves `datasources.rounds.Round` for one request."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._loop = asyncio.get_running_loop()
        self._asked: list[Asked] = []
        self._sending: set[Stepped[None]] = set()

    def rows(self, sql: str, values: Values) -> asyncio.Future[Rows]:
        """The rows of a statement, which is sent with the others of this turn of the loop."""
        if not self._asked:
            self._loop.call_soon(self._send)
        rows: asyncio.Future[Rows] = self._loop.create_future()
        self._asked.append(Asked(sql, values, rows))
        return rows

    def close(self) -> None:
        """See Round."""
        for one in self._asked:
            one.rows.cancel()
        for sending in tuple(self._sending):
            sending.cancel()

    def _send(self) -> None:
        asked, self._asked = self._asked, []
        sending = Stepped(self._sent(asked), self._loop)
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _sent(self, asked: Sequence[Asked]) -> None:
        """Answer all; where the database refuses them together, each by itself, so that only what is at fault fails."""
        try:
            answers = await self._dialect.fetch_all([(one.sql, one.values) for one in asked])
        except SourceRefused as error:
            if len(asked) == 1:
                _fail(asked, error)
                return
            for one in asked:
                await self._sent([one])
        except SourceError as error:
            _fail(asked, error)
        except asyncio.CancelledError:
            for one in asked:
                one.rows.cancel()
            raise
        else:
            for one, rows in zip(asked, answers, strict=True):
                if not one.rows.done():
                    one.rows.set_result(rows)


def _fail(asked: Sequence[Asked], error: SourceError) -> None:
    for one in asked:
        if not one.rows.done():
            one.rows.set_exception(error)
