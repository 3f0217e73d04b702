"""All limits around the calls to a source, as one layer."""

from typing import Any

from datasources.errors import SourceError
from datasources.layers import Call
from datasources.resilience.answers import Answers, check_count
from datasources.resilience.breaker import Breaker
from datasources.resilience.bulkhead import Bulkhead
from datasources.resilience.retries import Retries
from datasources.resilience.timeouts import Timeouts


class Limits:
    """What a breaker counts is a call, however often it is tried; a try takes a place and has its own time.

    Each limit is entered and left by a plain call: a coroutine for each would cost as much as all of them do.
    """

    is_stepped = True

    def __init__(
        self, answers: Answers, timeouts: Timeouts, bulkhead: Bulkhead, retries: Retries, breaker: Breaker
    ) -> None:
        self.answers, self.timeouts, self.bulkhead = answers, timeouts, bulkhead
        self.retries, self.breaker = retries, breaker

    def around(self, reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceError, InvalidRequest."""
        answers, bulkhead, retries = self.answers, self.bulkhead, self.retries
        counting, time_for_one = self.breaker.counting(reader.domain), self.timeouts.call

        async def limited(*arguments: Any, **named: Any) -> Any:
            with counting.call():
                retries.earn()
                made = 0
                while True:
                    try:
                        with bulkhead, time_for_one() as own, answers:
                            answer = await own.run(call(*arguments, **named))
                            check_count(answer, arguments)
                            return answer
                    except SourceError as error:
                        if not await retries.pause(error, made):
                            raise
                    made += 1

        return limited
